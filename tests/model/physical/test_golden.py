"""The physical model says of many random designs what the golden set says."""

from dataclasses import fields

import numpy as np
import pandas as pd
import pytest

from imcmoo.model.physical.components import Switches
from tests.model.physical import golden_set

TOLERANCE = 1e-8
"""Of a weighted sum: one value in it may change by 10⁻⁸."""
TOLERANCE_DB = 1e-5
"""Of a weighted sum of decibels. Above 100 dB the noise rests on the last digits of exponentials
and logarithms, which processors with and without AVX-512 round differently: sums differ by up to
8 · 10⁻⁷ dB."""


@pytest.fixture(scope="module")
def stored():
    return golden_set.stored()


@pytest.mark.usefixtures("_shared_noise")
@pytest.mark.parametrize("n_chunks", [1, pytest.param(10, marks=pytest.mark.slow)])
@pytest.mark.parametrize("device", golden_set.DEVICES)
def test_metrics_and_breakdowns_are_those_of_the_golden_set(device, n_chunks, stored):
    """By default a tenth of all designs with a tenth of circuits, a quarter of those of options,
    and no breakdowns."""
    expected = stored[stored["case"].str.split(",").str[0] == device]
    expected = expected[expected["chunk"] < n_chunks]
    if n_chunks < golden_set.N_CHUNKS:
        expected = expected[~expected["case"].str.endswith("breakdown")]
    cases = [case for case in golden_set.cases(n_chunks) if case[0].split(",")[0] == device]
    here = pd.concat([golden_set.checksums(case) for case in cases])
    both = expected.merge(here, "outer", golden_set.KEY, suffixes=("", "_here"), indicator=True)
    assert (both["_merge"] == "both").all()
    tolerance = np.where(both["field"].str.endswith("_dB"), TOLERANCE_DB, TOLERANCE)
    changed = both[
        (both["n_numbers"] != both["n_numbers_here"])
        | (both["n_zeros"] != both["n_zeros_here"])
        | ((both["total"] - both["total_here"]).abs() > tolerance)
    ]
    assert changed.empty, (
        f"{len(changed)} checksums of the physical model changed; if this changes on purpose, "
        "raise MODEL_VERSION and run `python -m tests.model.physical.golden_set`:\n"
        f"{changed.drop(columns='_merge').head(20).to_string()}"
    )


def test_no_rule_is_without_effect(stored):
    designs, begins = golden_set.designs_of_option("rram"), [golden_set.N_FIRST_OF_OPTION]
    totals = stored.groupby(["case", "field"])["total"].sum()
    with_all = {}
    for networks in (golden_set.TWO, golden_set.GROUPED):
        case = "rram", golden_set._model(networks, "rram"), designs, begins
        with_all[networks] = golden_set.checksums(case).groupby("field")["total"].sum()
    for rule in fields(Switches):
        option = f"without {rule.name}"
        there = with_all[golden_set.networks_of(option)]
        assert (totals[f"rram, {option}"] - there).abs().max() > 1, rule.name


@pytest.mark.parametrize("factor", [1 + 1e-9, 1 + 1e-6])
def test_one_value_that_changes_is_noticed(factor):
    values = np.random.default_rng(0).lognormal(size=(2000, 9))
    one = golden_set.checksum("energy_J", values)[-1]
    values[17, 3] *= factor
    other = golden_set.checksum("energy_J", values)[-1]
    assert (abs(one - other) > TOLERANCE) == (factor > 1 + 1e-8)
