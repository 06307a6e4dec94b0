"""Recorded RRAM evaluations of the reference stack, recomputed."""

import functools

import numpy as np
import pandas as pd

from imcmoo.model.reference.evaluator import Evaluator
from imcmoo.networks.workloads import WorkloadSet
from problems.rram import RRAM
from tests.reference import records

pytestmark = records.of_every_source

DESIGNS = {"golden": 24, "full": 887}
"""How many designs the records hold, with four networks each."""


@functools.cache
def _recorded(source: records.Source) -> tuple[np.ndarray, Evaluator, dict[str, np.ndarray]]:
    """Levels of the distinct designs, an evaluator, and the records as (n, W) arrays."""
    rows = records.evaluations(source)
    rows = rows[rows.device == "rram"]
    wide = rows.pivot(index=["order", *records.DESIGN], columns="workload")
    names = list(wide["energy_J"].columns)
    designs = wide.index.to_frame(index=False)
    levels = RRAM.encode({n: designs[n].to_numpy() for n in records.DESIGN})
    columns = ("energy_J", "latency_s", "area_mm2", "max_utilization_pct")
    values: dict[str, np.ndarray] = {c: wide[c].to_numpy() for c in columns}
    return levels, Evaluator(RRAM, WorkloadSet.load(names)), values


def _off(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    return np.abs(ours / theirs - 1)


def test_every_recorded_design_maps(source):
    levels, evaluator, _ = _recorded(source)
    assert evaluator.evaluate(levels).runs.all()


def test_latency_area_and_utilization_are_equal(source):
    levels, evaluator, theirs = _recorded(source)
    ours = evaluator.evaluate(levels)
    assert _off(ours.latency_s, theirs["latency_s"]).max() < 1e-12
    assert _off(ours.area_m2[:, None] * 1e6, theirs["area_mm2"]).max() < 1e-7
    # Recorded with two decimals.
    assert np.abs(ours.values["utilization"] * 100 - theirs["max_utilization_pct"]).max() < 0.00501


def test_energy_is_within_the_print_out(source):
    levels, evaluator, theirs = _recorded(source)
    assert _off(evaluator.evaluate(levels).energy_J, theirs["energy_J"]).max() < 0.005


def test_energy_rounded_as_printed_is_equal(source):
    levels, evaluator, theirs = _recorded(source)
    off = _off(evaluator.evaluate(levels, "reference").energy_J, theirs["energy_J"])
    assert (off < 1e-9).mean() >= 0.99
    assert off.max() < 1e-4


def test_the_records_are_read_whole(source):
    levels, _, theirs = _recorded(source)
    assert len(pd.unique(RRAM.rank(levels))) == DESIGNS[source]
    assert theirs["energy_J"].shape == (DESIGNS[source], 4)
