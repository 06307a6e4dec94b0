"""The measured data, where it is present: a user of the repository does not have it."""

import csv
import gzip
import json
from pathlib import Path

import pandas as pd
import pytest

FOLDER = Path(__file__).parents[3] / "shared" / "reference"
"""Beside the repository."""

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


def needs(name: str) -> pytest.MarkDecorator:
    """Skip, saying so, where a file of the reference data is absent."""
    return pytest.mark.skipif(
        not (FOLDER / name).is_file(), reason=f"no reference data: {FOLDER / name}"
    )


def evaluations() -> pd.DataFrame:
    """All recorded evaluations, one row per design and network."""
    return pd.read_csv(FOLDER / "evaluations.csv.gz")


def breakdowns() -> list[dict]:
    """All recorded single-layer runs."""
    with gzip.open(FOLDER / "breakdown.jsonl.gz", "rt") as stream:
        return [json.loads(line) for line in stream]


def shapes() -> dict[tuple[str, str], dict[str, int]]:
    """Loop sizes of every layer by network and layer name."""
    with (FOLDER / "layers.csv").open() as stream:
        return {
            (r["workload"], r["layer"]): {d: int(r[d]) for d in "CMPQRSGN"}
            for r in csv.DictReader(stream)
        }
