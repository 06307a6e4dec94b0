"""The paper's records: the golden set, which everybody has, and all of them where they are."""

import gzip
import json
from pathlib import Path
from typing import Literal

import pandas as pd
import pytest

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
