"""What the paper's own searches did, from what it published: facts in CSV files beside this one.

Source: github.com/OlgaKrestinskaya/JointHardwareWorkloadOptimizationIMC: the designs its searches
evaluated, in their order, and the outputs kept in its notebooks.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

DATA = Path(__file__).parent / "data"

RECORDED = DATA / "recorded_searches.csv"
LARGEST = DATA / "recorded_largest.csv"
DESIGNS = DATA / "recorded_designs.csv"


def recorded(problem: str) -> pd.DataFrame:
    """By criterion and target regret, the designs evaluated until it was reached (inf if never);
    the search's budget and final regret. Empty where no search was published.

    Designs are costed with our model: chips on which a network does not run count as infeasible.
    Minimax regret is `regret_minimax_joint`, against the best chips that run all networks.

    Args:
        problem: a name in `problems.STUDIES`.
    """
    return _of(RECORDED, problem)


def recorded_largest(problem: str) -> pd.DataFrame:
    """How far the largest network decides `max` among the designs its search evaluated: energies,
    latencies and areas as recorded, of the designs that run all networks within the area limit.
    Columns as `paper.aggregation.decided_by`, the network, and how many designs were evaluated in
    all. Empty where none was published.

    Args:
        problem: a name in `problems.STUDIES`.
    """
    return _of(LARGEST, problem).drop(columns="problem")


def recorded_designs(problem: str) -> pd.DataFrame:
    """The designs it shows as results: how each was found, its parameters, energy (J) and latency
    (s) by network, and area (mm²), by its stack. Empty where none was published.

    Those of its sequential optimisation, by starting point, and of its whole searches by products
    and by means of energies and latencies.

    Source: outputs of the notebooks `HWC_03`, `HWC_04` and `HWC_05`. The space of the sequential
    SRAM designs is not `problems.SRAM`: up to 32 groups, 64 tiles, 128 macros, crossbars of 32 to
    512 and buffers of 0.5 to 32 MiB.

    Args:
        problem: a name in `problems.STUDIES`.
    """
    return _of(DESIGNS, problem).drop(columns="problem").dropna(axis="columns")


def _of(path: Path, problem: str) -> pd.DataFrame:
    frame = pd.read_csv(path)
    return frame[frame["problem"] == problem].reset_index(drop=True)
