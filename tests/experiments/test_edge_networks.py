"""Comparison of predicted with executed accuracy, its figures, and the study of six networks."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.extras import needs

needs("accuracy", "onnxruntime", "numba")

from experiments.edge_networks import (
    column_gain,
    data,
    figures,
    metrics,
    noise_rule,
    study,
    unseen,
)
from experiments.edge_networks.added_noise import scale, share_alike
from experiments.edge_networks.prediction import DESIGNS, SHARED
from imcmoo.accuracy.codes import InputCoding, quantise_weights
from imcmoo.accuracy.crossbar import Crossbar
from imcmoo.accuracy.lowering import MappedLayer
from imcmoo.accuracy.own_statistics import layer_statistics
from imcmoo.accuracy.simulation import Calibration, SimulatedLayer
from imcmoo.model.physical.circuit import Circuit
from imcmoo.model.physical.noise.model import decibels, noise_of
from imcmoo.model.physical.noise.row_blocks import MeasuredBlocks
from imcmoo.report import style
from tests.model.physical.test_predicted_accuracy import DATA

ROWS = pd.DataFrame(
    {
        "network": "n",
        "samples": 100,
        "exact": [0.9, 0.5, 0.1],
        "linear": [0.7, 0.8, 0.1],
        "exact_nsr_dB": [-20.0, -5.0, 3.0],
        "linear_nsr_dB": [-22.0, -6.0, 3.0],
    }
)


def test_both_noise_rules_are_compared_where_measured_noise_or_either_is_loud():
    table = pd.DataFrame(
        {
            "network": "n",
            "adc": [0.01, 0.0, 1e-9, 2.0, 0.0],
            "dev": [0.0, 0.01, 1e-9, 0.0, 0.01],
            "adc_rule": [0.1, 0.0, 1e-9, 2.0, 0.0],
            "dev_rule": [0.0, 0.001, 1e-9, 0.0, 0.01],
            "adc_assumed": [0.1, 0.0, 0.1, 0.2, 0.1],
            "dev_assumed": [0.0, 0.1, 0.0, 0.0, 0.0],
        }
    )
    found = noise_rule.summary(table, 40.0).query("network == 'all'").set_index("noise")
    assert found["layers_and_circuits"].to_dict() == {
        **{"adc": 4, "total": 5},
        "mostly_dev": 1,  # what is assumed of the last layer is noise of ADCs
        "in_range": 3,  # the fourth noise is above the signal
    }
    assert found["median_dB"].tolist() == pytest.approx([0, 0, -10, 0])
    assert found["median_abs_dB"].tolist() == pytest.approx([0, 0, 10, 10])
    assert found["assumed_median_dB"].tolist() == pytest.approx([20, 10, 10, 10])


def layer_with_inputs(kind):
    """A layer whose sums are unlike those that are assumed, and its calibration."""
    rng = np.random.default_rng(0)
    groups, rows, columns = (64, 25, 4) if kind == "weak groups" else (1, 64, 256)
    weights = rng.normal(0, 1, (groups, rows, columns))
    inputs = np.maximum(rng.normal(0, 1, (groups, 256, rows)), 0)
    if kind == "unlike columns":
        weights[:, :, ::32] += 2
    elif kind == "steady inputs":
        inputs = 0.02 * inputs + inputs[:, :1]
    else:
        inputs[::2] *= 0.01
    layer = MappedLayer("layer", "matrix", "x", "y", weights, None)
    return layer, Calibration(float(inputs.min()), float(inputs.max()), inputs)


@pytest.mark.parametrize(
    ("kind", "circuit"),
    [
        ("unlike columns", Circuit(64, 64, 8, 7, True, 6)),
        ("steady inputs", Circuit(64, 64, 8, 7, True, 4)),
        ("weak groups", Circuit(256, 64, 1, 1, True, 6, 0.043)),
        ("weak groups", Circuit(256, 64, 1, 1, True, 6, 0.0, 0.043)),
    ],
)
def test_measured_columns_explain_noise_that_the_assumed_distribution_does_not(
    kind, circuit, monkeypatch
):
    monkeypatch.setattr(noise_rule, "LEAST_COLUMNS", 256)  # one chip
    layer, calibration = layer_with_inputs(kind)
    simulated = SimulatedLayer(layer, circuit, calibration)
    measured = sum(noise_rule.noise_of_chips(simulated, layer, circuit))
    assert measured > 0
    statistics = layer_statistics(layer.weights, calibration, circuit)
    rules = [noise_of(s, circuit) for s in (statistics, replace(statistics, columns=None))]
    by_columns, assumed = (decibels((r.adc + r.dev).sum() / measured) for r in rules)
    assert by_columns == pytest.approx(0, abs=1.0)
    assert abs(assumed) > 3


@pytest.mark.parametrize(("sigmas", "chips"), [((0.0, 0.0), 1), ((0.1, 0.0), 8), ((0.0, 0.1), 8)])
def test_noise_of_few_columns_is_the_mean_of_several_chips(sigmas, chips):
    layer, calibration = layer_with_inputs("weak groups")
    circuit = Circuit(64, 64, 8, 7, True, 6, *sigmas)
    simulated = SimulatedLayer(layer, circuit, calibration)
    each = []
    for chip in range(chips):
        simulated.manufacture(chip)
        errors = simulated.analyse()
        each.append((errors.adc, errors.dev))
    found = noise_rule.noise_of_chips(simulated, layer, circuit)
    assert found == pytest.approx(tuple(np.mean(each, axis=0)))


def two_groups_of_columns(differential):
    """A layer of two groups and two row blocks, with slices of 3, 3 and 1 or 2 bits."""
    rng = np.random.default_rng(0)
    weights = rng.normal(0.2, 1, (2, 10, 4)) * np.array([1.0, 3.0])[:, None, None]
    inputs = rng.gamma(1.0, np.array([1.0, 4.0])[:, None, None], (2, 32, 10))
    layer = MappedLayer("layer", "matrix", "x", "y", weights, None)
    circuit = Circuit(10, 6, 3, 3, differential, 6, 0.05, 0.02)
    return layer, Calibration(0.0, float(inputs.max()), inputs), circuit


@pytest.mark.parametrize("differential", [False, True])
def test_measured_columns_are_those_of_each_column_alone(differential):
    layer, calibration, circuit = two_groups_of_columns(differential)
    columns = layer_statistics(layer.weights, calibration, circuit).columns
    codes = np.rint(calibration.vectors * 255 / calibration.highest).astype(int)
    peak = np.abs(layer.weights).max(axis=1)
    integers = np.rint(layer.weights * 127 / peak[:, None]).astype(int)
    stored = np.abs(integers) if differential else integers + 128
    np.testing.assert_allclose(columns.weight, (peak**2 / (peak**2).mean()).ravel())
    for b, rows in enumerate((slice(0, 6), slice(6, 10))):
        for i, j, group, column in np.ndindex(3, 3, 2, 4):
            x = codes[group, :, rows] // 8**i % 8
            cells = stored[group, rows, column] // 8**j % 8
            cells = cells * np.sign(integers[group, rows, column]) if differential else cells
            sums, at = x @ cells, 4 * group + column
            power = np.sort((x**2).sum(axis=1)).reshape(16, 2).mean(axis=1)
            for found, expected in (
                (columns.mean[b, i, j, at], sums.mean()),
                (columns.variance[b, i, j, at], sums.var()),
                (columns.lowest[b, j, at], cells[cells < 0].sum()),
                (columns.highest[b, j, at], cells[cells > 0].sum()),
                (columns.varying[b, i, group], x.var(axis=0).sum()),
                (columns.power[b, i, group], power),
            ):
                np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("differential", [False, True])
def test_adcs_of_measured_columns_are_those_of_the_simulated_array(differential):
    layer, calibration, circuit = two_groups_of_columns(differential)
    statistics = layer_statistics(layer.weights, calibration, circuit)
    blocks = MeasuredBlocks(statistics, np.arange(2), statistics.rows, circuit)
    codes = InputCoding.from_range(0.0, calibration.highest, 8).encode(calibration.vectors)
    integers, _ = quantise_weights(layer.weights, 8, 1.0)
    variance = blocks.sample_variance + blocks.column_variance
    for at, sums in enumerate(Crossbar(integers, circuit, zero=0)._statistics(codes)):
        np.testing.assert_allclose(blocks.mean[at], sums.mean)
        np.testing.assert_allclose(variance[at], sums.variance)
        np.testing.assert_allclose(blocks.error_variance[at], sums.error_variance)


def test_a_gain_for_each_column_undoes_a_scale_and_nothing_else():
    ideal = np.random.default_rng(0).normal(2, 3, (1, 50, 3))
    gain, offset = column_gain.fitted(np.array([2.0, 0.5, 0.0]) * ideal + 1, ideal)
    np.testing.assert_allclose(gain.ravel(), [0.5, 2, 1])
    np.testing.assert_allclose(offset.ravel(), [-0.5, -2, ideal[0, :, 2].mean() - 1])


def test_twenty_six_different_designs_are_compared():
    assert len(set(DESIGNS)) == len(DESIGNS) == 26 > SHARED


def test_generated_files_do_not_depend_on_the_time(monkeypatch):
    def made(seconds):
        monkeypatch.setattr("time.time", lambda: seconds)
        return [data._file(at, np.random.default_rng(at)) for at in range(26)]

    assert made(1e9) == made(1.5e9)


def test_a_figure_shows_every_network():
    drawn = figures.against_noise({"n": DATA, "minilm": DATA}, ROWS)
    assert [a.get_title() for a in drawn.axes] == ["n", "sentence embedding"]
    # Within a panel it would cover points.
    assert len(drawn.legends) == 1
    assert all(a.get_legend() is None for a in drawn.axes)


def test_panels_of_a_narrow_figure_are_two_in_a_row():
    drawn = figures.against_noise({"n": DATA, "minilm": DATA, "m": DATA}, ROWS, style.COLUMN)
    assert drawn.get_figwidth() == style.COLUMN
    assert drawn.axes[0].get_gridspec().get_geometry() == (2, 2)


def test_the_study_needs_the_data_of_all_networks(tmp_path):
    with pytest.raises(SystemExit, match="line_direction: its package or its data are missing"):
        study.prepare(tmp_path, device="sram", drop=0.01)


def test_rounding_of_operands_counts_only_where_it_lowers_the_score():
    worse = replace(DATA, rounded={(8, 8): 0.4})
    assert study.rounding_alone(worse) == pytest.approx(0.4)
    assert study.rounding_alone(replace(DATA, float_score=0.0)) == 0


def test_the_part_of_an_error_that_is_alike_in_all_draws_is_told_from_noise():
    rng = np.random.default_rng(0)
    reference = rng.normal(0, 1, (200, 10))
    noise, shift = rng.normal(0, 1, (5, 200, 10)), rng.normal(0, 1, (200, 10))
    for part in (0.0, 0.25, 1.0):
        logits = reference + np.sqrt(part) * shift + np.sqrt(1 - part) * noise
        assert share_alike(logits, reference) == pytest.approx(part, abs=0.03)
        assert scale(0.5 * logits + 3, reference) == pytest.approx(0.5, abs=0.05)


def test_captchas_are_read_without_blanks_and_repetitions():
    steps = np.zeros((1, 6, 1, 4))
    for step, character in enumerate([3, 1, 1, 3, 1, 2]):  # the last class is blank
        steps[0, step, 0, character] = 1
    assert metrics.captcha({"logits": steps}, np.array([[1, 1, 2]])) == [1.0]
    assert metrics.captcha({"logits": steps}, np.array([[1, 2, 2]])) == pytest.approx([2 / 3])


def test_tags_beyond_the_end_of_a_word_do_not_count():
    tags = np.eye(3)[[[1, 2, 0, 0], [1, 1, 1, 1]]]
    labels = np.array([[1, 1, 0, 0], [1, 1, 1, 1]])
    assert metrics.tags({"y": tags}, labels).tolist() == [0.5, 1.0]


def test_a_pitch_is_right_within_half_a_semitone():
    hertz = np.array([[100.0, 200.0, 400.0]])
    found = hertz * 2 ** (np.array([0.4, -0.6, 0.0]) / 12)
    assert metrics.pitch({"pitch": found}, hertz) == pytest.approx([2 / 3])


def test_ratings_of_pairs_must_be_in_order():
    ratings = np.array([[0, 3.0], [9, 2.0], [0, 1.0], [0, 2.0]])
    assert metrics.order({"y": ratings}, np.array([0, 0, 1, 1])).tolist() == [1.0, 0.0]
    assert metrics.order({"y": ratings[:3]}, np.array([0, 0, 1])).tolist() == [1.0]


@pytest.mark.parametrize(
    "other", [{"samples": 5}, {"version": "2.0"}, {"shapes": ("--shape", "x=1,3")}]
)
def test_another_package_version_or_setting_makes_files_of_its_own(other, tmp_path, monkeypatch):
    asked = []

    class Network:
        missing, options = "", ""

        def path(self):
            return tmp_path / "one.onnx"

        def make(self, path, n, rng):
            asked.append(n)
            return {"x": np.zeros(n)}

    def failing(argv):
        asked.append(argv[-1])
        return 1

    def use(shapes=(), version="1.0", samples=None):
        package = {"package": "one", "version": version}
        monkeypatch.setattr(unseen, "package_of", lambda name: package)
        monkeypatch.setattr(unseen, "UNSEEN", {"one": unseen.Unseen(Network(), "text", shapes)})
        return unseen.folder_of("one", tmp_path, samples)

    monkeypatch.setattr(unseen, "imcmoo", failing)
    first = use()
    first.mkdir()
    (first / "one.csv").write_text("of the first settings")
    folder = use(**other)
    assert folder != first
    with pytest.raises(SystemExit, match="one cannot be imported"):
        unseen.verdicts("one", tmp_path, "sram", samples=other.get("samples"), chips=1, quick=True)
    assert asked == [other.get("samples", 300), str(folder / "one.csv")]


def test_a_quick_search_has_files_of_its_own(tmp_path):
    files = [unseen.study_file("words", tmp_path, "sram", (), quick=q) for q in (True, False)]
    assert files[0] != files[1]


def test_a_package_that_is_not_installed_is_named(tmp_path, monkeypatch):
    absent = data.EdgeNetwork("one", "no_such_package", "one.onnx", unseen.faces)
    monkeypatch.setattr(unseen, "UNSEEN", {"one": unseen.Unseen(absent, "text", ())})
    with pytest.raises(SystemExit, match="one: no_such_package is not installed"):
        unseen.verdicts("one", tmp_path, "sram", samples=None, chips=1, quick=True)
