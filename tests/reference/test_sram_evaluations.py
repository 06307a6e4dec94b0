"""Recorded SRAM evaluations of the reference stack, recomputed.

The reference draws its loop orders at random and sometimes misses the best by far, so our energy
may be lower than a record but never higher than its print-out allows. The recorded resnet50
energies were made with other inputs than the published workload files and are left apart.
"""

import functools

import numpy as np
import pandas as pd
import pytest

import problems
from imcmoo.model.reference.evaluator import Evaluator
from imcmoo.networks.workloads import WorkloadSet
from imcmoo.space.design_space import DesignSpace
from problems import SRAM, SRAM_LARGE, SRAM_TECHNOLOGY
from tests.reference import records

STUDIES = {
    "four_workload_sram_product": SRAM,
    "nine_workload_sram_mean": SRAM_LARGE,
    "technology_cost_sram": SRAM_TECHNOLOGY,
}
PRINTED = 0.005
"""Of three digits, the last is off by half a unit at the most."""

OTHER_INPUTS = "resnet50"


def _rows(source, study):
    rows = records.evaluations(source)
    return rows[rows.study == study]


def networks(source, study):
    """The networks of a study, in the order of all arrays."""
    return sorted(_rows(source, study).workload.unique())


@functools.cache
def _compared(source, study):
    """Designs, our metrics exact and rounded as printed, and the records as (n, W) arrays."""
    space: DesignSpace = STUDIES[study]
    rows = _rows(source, study)
    wide = rows.pivot(index=["order", "technology_nm", *records.DESIGN], columns="workload")
    designs = wide.index.to_frame(index=False)
    levels = space.encode({n: designs[n].to_numpy() for n in space.names})
    evaluator = Evaluator(space, WorkloadSet.load(list(wide["energy_J"].columns)))
    columns = ("energy_J", "latency_s", "area_mm2", "max_utilization_pct")
    theirs = {c: wide[c].to_numpy() for c in columns}
    return designs, evaluator.evaluate(levels), evaluator.evaluate(levels, "reference"), theirs


def _above(ours, theirs):
    return pd.DataFrame(ours.energy_J / theirs["energy_J"] - 1)


@records.of_every_source
@pytest.mark.parametrize("study", STUDIES)
def test_latency_area_and_utilization_are_equal_and_energy_never_above(source, study):
    _, ours, _, theirs = _compared(source, study)
    assert np.abs(ours.latency_s / theirs["latency_s"] - 1).max() < 1e-12
    area = ours.area_m2[:, None] * 1e6
    assert np.abs(area / theirs["area_mm2"] - 1).max() < 1e-7
    assert np.abs(ours.values["utilization"] * 100 - theirs["max_utilization_pct"]).max() < 0.00501
    assert _above(ours, theirs).to_numpy().max() < PRINTED


@records.of_every_source
def test_cost_is_area_times_what_the_node_costs(source):
    rows = _rows(source, "technology_cost_sram")
    factor = 100 * rows.cost / rows.area_mm2
    costs = problems.STUDIES["technology_cost_sram"].cost_per_cm2
    assert np.array_equal(factor.round(2), rows.technology_nm.map(costs))


@records.wants_full
@pytest.mark.parametrize("study", ["four_workload_sram_product", "nine_workload_sram_mean"])
def test_energy_is_within_the_print_out_on_96_percent_of_rows(study):
    _, ours, rounded, theirs = _compared("full", study)
    same = [i for i, name in enumerate(networks("full", study)) if name != OTHER_INPUTS]
    off = np.abs(_above(ours, theirs).to_numpy()[:, same])
    assert (off < PRINTED).mean() >= 0.96
    equal = np.abs(_above(rounded, theirs).to_numpy()[:, same]) < 1e-9
    assert (equal.mean(axis=0) >= 0.90).all()


@records.wants_full
def test_energy_follows_the_records_at_every_technology_node():
    """45 of 1,680 rows are far above the best loop order; 6 of them on the 25 chips at 32 nm.

    `test_missed_orders` shows which order each of these took instead, so that with it every node
    is equal on 98 % of rows at least.
    """
    designs, ours, _, theirs = _compared("full", "technology_cost_sram")
    near = (np.abs(_above(ours, theirs)) < PRINTED).mean(axis=1)
    share = near.groupby(designs.technology_nm).mean()
    assert (share.drop(32) >= 0.96).all()
    assert share[32] >= 0.94
