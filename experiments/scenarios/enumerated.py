"""Every chip of a space under the requests of a scenario, networks in turn and side by side.

`python -m experiments.scenarios.enumerated` takes minutes; it continues its own table.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.enumerated_study import running
from experiments.scenarios.studies import AREA, LOAD, POWER, TABLES, scenario_study
from imcmoo.model.physical.parameters import ADC_MODELS
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import MM2_PER_M2
from imcmoo.scenario.requests import Sharing
from imcmoo.space.design_space import Levels

FILE = "enumerated.csv"
ON_SRAM, ON_RRAM = ("cameras",), ("cameras_rram", "burst_rram", "assistant_rram")


def survey(problem: AcceleratorProblem, designs: Iterable[Levels]) -> dict[str, Any]:
    """Numbers of designs, and best values among those that serve the scenario."""
    counts: dict[str, Any] = {"designs": problem.space.size, "run_all": 0, "serve": 0}
    best = {POWER: np.inf, AREA: np.inf, LOAD: np.inf}
    most = np.inf
    for levels in designs:
        metrics = problem.model.evaluate(levels)
        serve = (problem.score(levels, metrics)[1] <= 0).all(axis=1)
        counts["run_all"] += len(levels)
        counts["serve"] += int(serve.sum())
        most = min(most, metrics.values[LOAD].min(initial=np.inf))
        for name, value in best.items():
            best[name] = min(value, metrics.values[name][serve].min(initial=np.inf))
    return counts | {
        "average_power_W": best[POWER],
        "area_mm2": best[AREA] * MM2_PER_M2,
        "capacity": 1 / most,
    }


def cases() -> Iterator[tuple[str, str, tuple[Sharing, ...]]]:
    """Scenarios, ADC models and how networks share the chip."""
    yield from ((name, ADC_MODELS[0], ("time",)) for name in ON_SRAM)
    yield from ((name, adc, ("time", "space")) for name in ON_RRAM for adc in ADC_MODELS)


def main(argv: Sequence[str] | None = None) -> None:
    """Write the table, case by case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=TABLES / FILE, metavar="F.csv")
    out = parser.parse_args(argv).out
    rows: list[Any] = pd.read_csv(out).to_dict("records") if out.exists() else []
    done = {(row["scenario"], row["adc_model"]) for row in rows}
    for name, adc_model, sharings in cases():
        if (name, adc_model) in done:
            continue
        case = {"scenario": name, "adc_model": adc_model}
        designs = list(running(scenario_study(name, adc_model).problem()))
        for sharing in sharings:
            problem = scenario_study(name, adc_model, sharing=sharing).problem()
            rows.append({**case, "sharing": sharing} | survey(problem, designs))
        pd.DataFrame(rows).to_csv(out, index=False, float_format="%.12g", lineterminator="\n")


if __name__ == "__main__":
    main()
