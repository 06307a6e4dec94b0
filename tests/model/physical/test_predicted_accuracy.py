"""The look-up of predicted accuracy."""

import math
from dataclasses import replace

import numpy as np
import pytest

from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.components import Switches, Technology
from imcmoo.model.physical.memory_cells import MEMORY_CELLS
from imcmoo.model.physical.parameters import Designs
from imcmoo.model.physical.predicted_accuracy import (
    PredictedAccuracy,
    best_score,
    predict,
)
from imcmoo.model.physical.settings import Precision
from tests.model.physical.designs import columns, columns_of
from tests.networks.accuracy_data import DATA

AS_WHITE = 0.1 * 10 ** (1 / 3)
"""White noise that costs as much as rounding to 4 and 8 bits: its curve is at 0.6 there."""
NOISE = np.array([[0.1, 0.02], [0.03, 0.05]])


def scalar(noise, rounding):
    """The specification's formula, number by number, rounding being so much white noise."""
    white = rounding + sum(
        layer.gain_white * adc for layer, adc in zip(DATA.layers, noise[0], strict=True)
    )
    static = sum(layer.gain_static * dev for layer, dev in zip(DATA.layers, noise[1], strict=True))
    nsr = white + static

    def at(curve):
        x = [math.log(level) for level in DATA.levels]
        t = math.log(nsr)
        for low, high, y0, y1 in zip(x[:-1], x[1:], curve[:-1], curve[1:], strict=True):
            if low <= t <= high:
                return y0 + (y1 - y0) * (t - low) / (high - low)
        return curve[0] if t < x[0] else curve[-1]

    return (white * at(DATA.white) + static * at(DATA.static)) / nsr, nsr


@pytest.mark.parametrize("scale", [0.01, 0.5, 1.0, 3.0, 8.0])
def test_accuracy_is_that_of_the_formula(scale):
    found = predict(DATA, NOISE * scale, (8, 8))
    accuracy, nsr = scalar(NOISE * scale, 0.01)
    assert found.accuracy == pytest.approx(accuracy)
    assert found.nsr == pytest.approx(nsr) == pytest.approx(found.parts.sum())
    assert found.layers.sum() == pytest.approx(nsr - 0.01)


def test_rounding_counts_as_the_white_noise_that_costs_as_much():
    found = predict(DATA, NOISE, (4, 8))
    accuracy, nsr = scalar(NOISE, AS_WHITE)
    assert found.accuracy == pytest.approx(accuracy)
    assert found.nsr == pytest.approx(nsr - AS_WHITE + 0.5)
    assert best_score(DATA, 0.5, (4, 8)) == pytest.approx(scalar([[1.0, 0], [0, 0]], AS_WHITE)[0])


@pytest.mark.parametrize("rounded", [0.95, 0.9, 0.85, 0.6, 0.1, 0.0])
@pytest.mark.parametrize("noise", [0.005, 0.05, 5.0])
def test_a_chip_without_noise_scores_as_integers_do_and_not_above_float(rounded, noise):
    data = replace(DATA, rounded={(8, 8): rounded}, rounding={(8, 8): noise})
    assert predict(data, NOISE * 0, (8, 8)).accuracy == pytest.approx(min(rounded, 0.9))
    more = [predict(data, NOISE * s, (8, 8)).accuracy for s in (0, 0.1, 1, 10)]
    assert more == sorted(more, reverse=True)


def test_noise_far_above_the_signal_counts_in_full():
    """ADCs that clip can add a thousand times the signal to a layer of little gain."""
    prediction = predict(DATA, np.array([[1000.0, 0.0], [0.0, 0.0]]), (8, 8))
    assert prediction.nsr == pytest.approx(0.01 + 0.5 * 1000)


def test_layers_on_the_digital_unit_have_no_noise():
    found = predict(DATA, NOISE, (8, 8), ["a"])
    rest = NOISE * [0, 1]
    assert (found.accuracy, found.nsr) == pytest.approx(scalar(rest, 0.01))
    with pytest.raises(ValueError, match="no accuracy data for a layer 'c'"):
        predict(DATA, NOISE, (8, 8), ["c"])


def predicted(names, noise, *, precisions, max_drop=(), device="rram", **switches):
    """Predicted accuracy of a network "n" on a device, RRAM with cell errors of 0.02."""
    return PredictedAccuracy(
        names,
        {"n": DATA},
        noise,
        max_drop=dict(max_drop),
        technology=Technology(
            device=MEMORY_CELLS[device],
            table=PhysicalTable.load(),
            assumptions=Assumptions().having(rram_sigma=0.02),
            switches=Switches(**switches),
        ),
        precisions=precisions,
        digital={},
    )


def test_a_precision_without_data_is_refused():
    with pytest.raises(ValueError, match="no accuracy data for 5/5 bits; there are 8/8, 4/8"):
        predicted(["n"], lambda *_: NOISE, precisions=[Precision(5, 5)])


@pytest.mark.parametrize(("allowed", "kept"), [(0.29, False), (0.3, True)])
def test_a_drop_that_rounding_alone_exceeds_is_refused(allowed, kept):
    def table():
        return predicted(["n"], None, max_drop={"n": allowed}, precisions=[Precision(4, 8)])

    if kept:
        assert table().limited
        return
    with pytest.raises(ValueError, match=r"drop = 0.29 of n: .* to 4 and 8 bits costs 0.3$"):
        table()


@pytest.mark.parametrize(("adc_noise", "half"), [(1, 1), (9, 4), (400, 200)])
def test_the_drop_with_half_the_noise_is_stated(adc_noise, half):
    def noise(data, circuit):
        return NOISE * (0.1 + circuit.adc_noise)

    table = predicted(["n"], noise, precisions=[Precision(4, 8)])
    found = table.details(Designs.of_columns(columns(adc_noise=adc_noise)))
    other = table.drops(Designs.of_columns(columns(adc_noise=half)))
    assert found["drop_with_half_the_noise"] == other
    assert (found["accuracy_drop"] > other) == (half < adc_noise)
    unstated = table.details(Designs.of_columns(columns(adc_noise=0)))
    assert "drop_with_half_the_noise" not in unstated


def test_errors_that_are_switched_off_drop_no_accuracy():
    executed = []

    def noise(data, circuit):
        executed.append((circuit.sigma, circuit.adc_noise))
        return NOISE

    off = {"few_levels": False, "shared_converters": False}
    for switches in ({}, off):
        table = predicted(["n"], noise, precisions=[Precision(4, 8)], **switches)
        table.drops(Designs.of_columns(columns(adc_noise=10)))
    assert executed == [(0.02, 0.1), (0.0, 0.0)]


def test_a_digital_chip_drops_what_rounding_costs_and_no_other_circuit_drops_less():
    def never(*_):
        raise AssertionError("exact sums have no noise to execute")

    table = predicted(["n"], never, precisions=[Precision(4, 8)], device="dimc")
    digital = columns_of("dimc", input_slice_bits=1)
    details = table.details(Designs.of_columns(digital, defaults=MEMORY_CELLS["dimc"].defaults))
    assert set(details) == {"accuracy_drop", "accuracy_lost_in"}
    assert details["accuracy_drop"][0, 0] == pytest.approx(0.9 - DATA.rounded[4, 8])
    assert details["accuracy_lost_in"][0, 0] == ""


def test_each_circuit_is_worked_out_once_and_networks_without_data_drop_nothing():
    asked = []

    def noise(data, circuit):
        asked.append(circuit)
        return NOISE * 8 / circuit.adc_bits

    precisions = [Precision(8, 8), Precision(4, 8, 0.7)]
    table = predicted(["other", "n"], noise, max_drop={"n": 0.35}, precisions=precisions)
    changed = {"adc_bits": [8, 4, 8, 4], "voltage_V": [1.0, 1.0, 0.8, 0.8]}
    given = {name: np.repeat(value, 4) for name, value in columns().items()} | changed
    designs = Designs.of_columns(given)
    drops = table.drops(designs)
    assert len(asked) == 2
    assert {(c.sigma, c.input_bits, c.weight_clip) for c in asked} == {(0.02, 4, 0.7)}
    expected = [0.9 - scalar(NOISE * s, AS_WHITE)[0] for s in (1, 2, 1, 2)]
    np.testing.assert_allclose(drops, np.array([[0.0] * 4, expected]).T)
    np.testing.assert_array_equal(table.allowed, [np.inf, 0.35])
