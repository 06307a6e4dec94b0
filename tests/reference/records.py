"""The paper's records: the golden set, which everybody has, and all of them where they are."""

import functools
import gzip
import json
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pytest

from imcmoo.model.reference.evaluator import Evaluator
from imcmoo.networks.workloads import WorkloadSet
from problems import RRAM, SRAM, SRAM_LARGE, SRAM_TECHNOLOGY

Source = Literal["golden", "full"]

FOLDERS = {
    "golden": Path(__file__).parent / "golden",
    "full": Path(__file__).parents[3] / "shared" / "reference",
}
"""The full records lie beside the repository, where they are at all."""

DESIGN = [
    "voltage_V",
    "bits_per_cell",
    "cycle_s",
    "rows",
    "cols",
    "router_groups",
    "tiles_per_group",
    "macros_per_tile",
    "glb_depth",
]

wants_full = pytest.mark.skipif(
    not (FOLDERS["full"] / "evaluations.csv.gz").is_file(),
    reason=f"wants the full records, which are not in {FOLDERS['full']}",
)
"""Skip, saying so, where the full records are absent."""

of_every_source = pytest.mark.parametrize(
    "source", ["golden", pytest.param("full", marks=wants_full)]
)
"""Run a test on the golden set, and again on all records where they are."""


def evaluations(source):
    """Recorded evaluations, one row per design and network."""
    return pd.read_csv(FOLDERS[source] / "evaluations.csv.gz")


def breakdowns(source):
    """Recorded runs of a single layer."""
    with gzip.open(FOLDERS[source] / "breakdown.jsonl.gz", "rt") as stream:
        return [json.loads(line) for line in stream]


SRAM_STUDIES = {
    "four_workload_sram_product": SRAM,
    "nine_workload_sram_mean": SRAM_LARGE,
    "technology_cost_sram": SRAM_TECHNOLOGY,
}
SPACES = {"four_workload_rram_product": RRAM, **SRAM_STUDIES}
"""The space of each recorded study."""

PRINTED = 0.005
"""Of three digits, the last is off by half a unit at the most."""

OTHER_INPUTS = "resnet50"
"""Its recorded energies were made with other inputs than the published workload files."""


def of_study(source, study):
    """Recorded evaluations of a study."""
    rows = evaluations(source)
    return rows[rows.study == study]


def networks(source, study):
    """The networks of a study, in the order of all arrays."""
    return sorted(of_study(source, study).workload.unique())


@functools.cache
def compared(source, study):
    """Designs, our metrics exact and rounded as printed, and the records as (n, W) arrays."""
    space = SPACES[study]
    wide = of_study(source, study).pivot(
        index=["order", "technology_nm", *DESIGN], columns="workload"
    )
    designs = wide.index.to_frame(index=False)
    levels = space.encode({n: designs[n].to_numpy() for n in space.names})
    evaluator = Evaluator(space, WorkloadSet.load(list(wide["energy_J"].columns)))
    columns = ("energy_J", "latency_s", "area_mm2", "max_utilization_pct")
    theirs = {c: wide[c].to_numpy() for c in columns}
    return designs, evaluator.evaluate(levels), evaluator.evaluate(levels, "reference"), theirs


def above(ours, theirs):
    """Excess of our energies over the recorded ones, as a share; a table like the records."""
    return pd.DataFrame(ours.energy_J / theirs["energy_J"] - 1)


def off(ours, theirs):
    """Largest relative difference."""
    return np.abs(ours / theirs - 1).max()
