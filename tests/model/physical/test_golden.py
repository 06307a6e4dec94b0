"""The physical model says of many random designs what the golden set says."""

from dataclasses import fields

import numpy as np
import pandas as pd
import pytest

from imcmoo.model.physical.components import Switches
from imcmoo.model.physical.noise import NoiseModel
from tests.model.physical import golden_set

TOLERANCE = 1e-8
"""Of a weighted sum: one value in it may change by 10⁻⁸, or by that many dB."""


@pytest.fixture(scope="module")
def stored():
    return golden_set.stored()


@pytest.fixture
def _shared_noise(monkeypatch):
    """Models of equal noise share it: most switches change nothing in it, and it takes longest."""
    shared = {}

    def noise(layers, technology, own, part_of):
        assert not own, "networks of the golden set have no data"
        switches = technology.switches
        rules = switches.unsigned_inputs, switches.few_levels, switches.shared_converters
        bits = layers.input_bits.tobytes(), layers.weight_bits.tobytes()
        key = (bits, technology.assumptions, technology.device, *rules)
        if key not in shared:
            shared[key] = NoiseModel(layers, technology, part_of=part_of)
        return shared[key]

    monkeypatch.setattr("imcmoo.model.physical.context.NoiseModel", noise)


@pytest.mark.usefixtures("_shared_noise")
@pytest.mark.parametrize("n_chunks", [1, pytest.param(10, marks=pytest.mark.slow)])
@pytest.mark.parametrize("device", golden_set.DEVICES)
def test_metrics_and_breakdowns_are_those_of_the_golden_set(device, n_chunks, stored):
    """By default one of ten chunks of designs, with a tenth of the circuits, and no breakdowns."""
    expected = stored[stored["case"].str.split(",").str[0] == device]
    expected = expected[expected["chunk"] < n_chunks]
    if n_chunks < golden_set.N_CHUNKS:
        expected = expected[~expected["case"].str.endswith("breakdown")]
    cases = [case for case in golden_set.cases(n_chunks) if case[0].split(",")[0] == device]
    here = pd.concat([golden_set.checksums(case) for case in cases])
    both = expected.merge(here, "outer", golden_set.KEY, suffixes=("", "_here"), indicator=True)
    assert (both["_merge"] == "both").all()
    changed = both[
        (both["n_numbers"] != both["n_numbers_here"])
        | (both["n_zeros"] != both["n_zeros_here"])
        | ((both["total"] - both["total_here"]).abs() > TOLERANCE)
    ]
    assert changed.empty, (
        f"{len(changed)} checksums of the physical model changed; if this changes on purpose, "
        "raise MODEL_VERSION and run `python -m tests.model.physical.golden_set`:\n"
        f"{changed.drop(columns='_merge').head(20).to_string()}"
    )


def test_no_rule_is_without_effect(stored):
    designs = golden_set._designs("rram", golden_set.N_OF_OPTION, seed=2)
    totals = stored.set_index(["case", "field"])["total"]
    with_all = {
        networks: golden_set.checksums(("rram", golden_set._model(networks, "rram"), designs, 1))
        for networks in (golden_set.TWO, golden_set.GROUPED)
    }
    for rule in fields(Switches):
        option = f"without {rule.name}"
        there = with_all[golden_set.networks_of(option)].set_index("field")["total"]
        assert (totals[f"rram, {option}"] - there).abs().max() > 1, rule.name


@pytest.mark.parametrize("factor", [1 + 1e-9, 1 + 1e-6])
def test_one_value_that_changes_is_noticed(factor):
    values = np.random.default_rng(0).lognormal(size=(2000, 9))
    one = golden_set.checksum("energy_J", values)[-1]
    values[17, 3] *= factor
    other = golden_set.checksum("energy_J", values)[-1]
    assert (abs(one - other) > TOLERANCE) == (factor > 1 + 1e-8)
