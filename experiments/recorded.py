"""What the paper's own searches reached, from the evaluations it published, in their order.

Designs are costed with our model: chips on which a network does not run count as infeasible.

Source: github.com/OlgaKrestinskaya/JointHardwareWorkloadOptimizationIMC.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

RECORDED = Path(__file__).parent / "data" / "recorded_searches.csv"


def recorded(problem: str) -> pd.DataFrame:
    """By criterion and target regret, the designs evaluated until it was reached (inf if never);
    the search's budget and final regret. Empty where no search was published.

    Args:
        problem: a name in `problems.PROBLEMS`.
    """
    frame = pd.read_csv(RECORDED)
    return frame[frame["problem"] == problem].reset_index(drop=True)
