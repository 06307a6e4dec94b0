"""Time of evaluations with a scenario against those without.

`python -m experiments.scenarios.times`; evaluations of the compared models alternate.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.scenarios.studies import TABLES, scenario_study
from imcmoo.model.cost_model import CostModel
from imcmoo.space.design_space import Levels

FILE = "times.csv"
ROUNDS, DESIGNS = 41, 8000
DRAWS, DRAWN = 12, 200_000


def models(name: str) -> dict[str, CostModel]:
    """Cost models of a study without a scenario, and with one by policy."""
    study = scenario_study(name)
    assert study.scenario is not None
    layer = replace(study, scenario=replace(study.scenario, interrupt="layer"))
    plain = replace(study, scenario=None, criterion="edap_geomean")
    none = replace(study, scenario=replace(study.scenario, interrupt="none"))
    return {
        "without": plain.cost_model(),
        "none": none.cost_model(),
        "layer": layer.cost_model(),
    }


def measure(name: str) -> list[dict[str, Any]]:
    """Median CPU seconds of each model over all rounds, and over those without a scenario."""
    compared = models(name)
    first = compared["without"]
    levels = _running(first)
    for model in compared.values():
        model.evaluate(levels)  # maps networks once
    seconds = np.zeros((ROUNDS, len(compared)))
    for row in seconds:
        for at, model in enumerate(compared.values()):
            began = time.process_time()
            model.evaluate(levels)
            row[at] = time.process_time() - began
    medians = np.median(seconds, axis=0)
    return [
        {
            "scenario": name,
            "policy": policy,
            "designs": len(levels),
            "cpu_s": median,
            "ratio": median / medians[0],
        }
        for policy, median in zip(compared, medians, strict=True)
    ]


def _running(model: CostModel) -> Levels:
    """Random designs that pass the screen of a model; few RRAM chips do."""
    rng, parts = np.random.default_rng(0), []
    for _ in range(DRAWS):
        levels = model.space.random(DRAWN, rng)
        parts.append(levels[model.screen(levels).runs.all(axis=1)])
        if sum(map(len, parts)) >= DESIGNS:
            break
    return np.concatenate(parts)[:DESIGNS]


def main(argv: Sequence[str] | None = None) -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=TABLES / FILE, metavar="F.csv")
    out = parser.parse_args(argv).out
    rows = [row for name in ("cameras", "cameras_rram") for row in measure(name)]
    pd.DataFrame(rows).to_csv(out, index=False, float_format="%.4g", lineterminator="\n")


if __name__ == "__main__":
    main()
