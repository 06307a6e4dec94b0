"""Recorded RRAM evaluations of the reference stack, recomputed."""

import numpy as np
import pandas as pd

from imcmoo.model.reference.evaluator import Evaluator
from imcmoo.networks.workloads import WorkloadSet
from problems import RRAM
from tests.reference import records

pytestmark = records.of_every_source

DESIGNS = {"golden": 24, "full": 887}
"""How many designs the records hold, with four networks each."""


def _recorded(source):
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


def _off(ours, theirs):
    return np.abs(ours / theirs - 1)


def test_latency_area_and_utilization_are_equal_and_energy_as_printed(source):
    levels, evaluator, theirs = _recorded(source)
    assert len(pd.unique(RRAM.rank(levels))) == DESIGNS[source]
    assert theirs["energy_J"].shape == (DESIGNS[source], 4)
    ours = evaluator.evaluate(levels)
    assert ours.runs.all()
    assert _off(ours.latency_s, theirs["latency_s"]).max() < 1e-12
    assert _off(ours.area_m2[:, None] * 1e6, theirs["area_mm2"]).max() < 1e-7
    # Recorded with two decimals.
    assert np.abs(ours.values["utilization"] * 100 - theirs["max_utilization_pct"]).max() < 0.00501
    assert _off(ours.energy_J, theirs["energy_J"]).max() < 0.005
    off = _off(evaluator.evaluate(levels, "reference").energy_J, theirs["energy_J"])
    assert (off < 1e-9).mean() >= 0.99
    assert off.max() < 1e-4
