"""Recorded searches of Krestinskaya et al.: facts in CSV files beside this module.

Source: github.com/OlgaKrestinskaya/JointHardwareWorkloadOptimizationIMC: the designs its searches
evaluated, in order, and the outputs kept in its notebooks.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

DATA = Path(__file__).parent / "data"

RECORDED = DATA / "recorded_searches.csv"
LARGEST = DATA / "recorded_largest.csv"
DESIGNS = DATA / "recorded_designs.csv"


def recorded(problem: str) -> pd.DataFrame:
    """Read the progress of the published search of a problem in `problems.STUDIES`.

    Designs are costed with the reference model; chips on which a network does not run count as
    infeasible. Minimax regret is `regret_minimax_joint`, against the best chips that run all
    networks.

    Returns:
        By criterion and target regret, the designs evaluated until it was reached (inf if never);
        the search's budget and final regret. Empty if no search was published.
    """
    return _of(RECORDED, problem)


def recorded_largest(problem: str) -> pd.DataFrame:
    """Read how far the largest network decides `max` in the published search of a problem.

    Returns:
        Columns of `paper.questions.decided_by` over the recorded designs that run all networks
        within the area limit, the network, and the number of evaluated designs. Empty without a
        search.
    """
    return _of(LARGEST, problem).drop(columns="problem")


def recorded_designs(problem: str) -> pd.DataFrame:
    """Read the designs that are published as results for a problem, from the sequential
    optimisation, by starting point, and from whole searches by products and by means of energies
    and latencies.

    Returns:
        Origin, parameters, energy (J) and latency (s) by network, and area (mm²), by the published
        stack. Empty if none is published.

    Source: outputs of the notebooks `HWC_03`, `HWC_04` and `HWC_05`. The space of the sequential
    SRAM designs is not `problems.SRAM`: up to 32 groups, 64 tiles, 128 macros, crossbars of 32 to
    512 and buffers of 0.5 to 32 MiB.
    """
    return _of(DESIGNS, problem).drop(columns="problem").dropna(axis="columns")


def _of(path: Path, problem: str) -> pd.DataFrame:
    frame = pd.read_csv(path)
    return frame[frame["problem"] == problem].reset_index(drop=True)
