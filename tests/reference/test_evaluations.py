"""Recorded evaluations of the reference stack, recomputed.

On SRAM the reference draws its loop orders at random and sometimes misses the best by far, so our
energy may be lower than a record but never higher than its print-out allows.
"""

import numpy as np
import pytest

import problems
from tests.reference import records
from tests.reference.records import OTHER_INPUTS, PRINTED, above, compared, off

DESIGNS = {"golden": 24, "full": 887}
"""How many RRAM designs the records hold, with four networks each."""
MANY_NETWORKS = "nine_workload_sram_mean"
FEW_NETWORKS = [study for study in records.SPACES if study != MANY_NETWORKS]


@pytest.mark.parametrize(
    ("source", "study"),
    [
        *(("golden", study) for study in records.SPACES),
        *(pytest.param("full", study, marks=records.wants_full) for study in FEW_NETWORKS),
        pytest.param("full", MANY_NETWORKS, marks=[records.wants_full, pytest.mark.slow]),
    ],
)
def test_latency_area_and_utilization_are_equal_and_energy_never_above(source, study):
    _, ours, _, theirs = compared(source, study)
    assert off(ours.latency_s, theirs["latency_s"]) < 1e-12
    assert off(ours.area_m2[:, None] * 1e6, theirs["area_mm2"]) < 1e-7
    # Recorded with two decimals.
    assert np.abs(ours.values["utilization"] * 100 - theirs["max_utilization_pct"]).max() < 0.00501
    assert above(ours, theirs).to_numpy().max() < PRINTED


@records.of_every_source
def test_rram_energies_are_as_printed(source):
    designs, ours, rounded, theirs = compared(source, "four_workload_rram_product")
    assert len(designs[records.DESIGN].drop_duplicates()) == DESIGNS[source]
    assert theirs["energy_J"].shape == (DESIGNS[source], 4)
    assert ours.runs.all()
    assert off(ours.energy_J, theirs["energy_J"]) < PRINTED
    apart = np.abs(above(rounded, theirs).to_numpy())
    assert (apart < 1e-9).mean() >= 0.99
    assert apart.max() < 1e-4


@records.of_every_source
def test_cost_is_area_times_what_the_node_costs(source):
    rows = records.of_study(source, "technology_cost_sram")
    factor = 100 * rows.cost / rows.area_mm2
    costs = problems.STUDIES["technology_cost_sram"].cost_per_cm2
    assert np.array_equal(factor.round(2), rows.technology_nm.map(costs))


@records.wants_full
@pytest.mark.parametrize(
    "study",
    ["four_workload_sram_product", pytest.param(MANY_NETWORKS, marks=pytest.mark.slow)],
)
def test_energy_is_within_the_print_out_on_96_percent_of_rows(study):
    _, ours, rounded, theirs = compared("full", study)
    same = [i for i, name in enumerate(records.networks("full", study)) if name != OTHER_INPUTS]
    off = np.abs(above(ours, theirs).to_numpy()[:, same])
    assert (off < PRINTED).mean() >= 0.96
    equal = np.abs(above(rounded, theirs).to_numpy()[:, same]) < 1e-9
    assert (equal.mean(axis=0) >= 0.90).all()


@records.wants_full
def test_energy_follows_the_records_at_every_technology_node():
    """45 of 1,680 rows are far above the best loop order; 6 of them on the 25 chips at 32 nm.

    `test_missed_orders` shows which order each of these took instead, so that with it every node
    is equal on 98 % of rows at least.
    """
    designs, ours, _, theirs = compared("full", "technology_cost_sram")
    near = (np.abs(above(ours, theirs)) < PRINTED).mean(axis=1)
    share = near.groupby(designs.technology_nm).mean()
    assert (share.drop(32) >= 0.96).all()
    assert share[32] >= 0.94
