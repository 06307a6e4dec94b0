"""Whether recommendations of an earlier model keep the limits of the present one.

`python -m experiments.physics.earlier OPTIMA.csv --out F.csv` evaluates the designs of a published
`optima.csv` and writes the worst network of each.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.markdown import groups
from experiments.physics.violations import violations
from imcmoo.model.physical.model import PhysicalEvaluator
from imcmoo.study.study import Study
from problems import STUDIES


def earlier(optima: pd.DataFrame) -> pd.DataFrame:
    """Signal to noise and violated limits of the designs of `optima.csv`.

    Args:
        optima: study, criterion and the parameters of each design, a row for each network.

    Returns:
        Columns study, criterion, least snr_adc_dB, snr_dev_dB and snr_dB of any network, and
        `violated` (limits, empty if none); one row for each study and criterion.
    """
    rows = []
    for name, of_study in groups(optima, "study"):
        study = STUDIES[name]
        model = study.cost_model()
        assert isinstance(model, PhysicalEvaluator)
        for criterion, design in of_study.groupby("criterion", sort=False):
            rows.append({"study": name, "criterion": criterion} | _row(study, model, design))
    return pd.DataFrame(rows)


def _row(study: Study, model: PhysicalEvaluator, design: pd.DataFrame) -> dict[str, object]:
    space, first = study.space, design.iloc[0]
    levels = space.encode({p.name: np.array([first[p.name]]) for p in space.parameters})
    problem = study.problem(model)
    _, violation = problem.score(levels, model.evaluate(levels))
    full = model.in_full(levels)
    parts = ("snr_adc_dB", "snr_dev_dB", "snr_dB")
    worst = {part: float(getattr(full, part).min()) for part in parts}
    return worst | {"violated": violations(problem, violation[0])}


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("optima", type=Path, metavar="OPTIMA.csv")
    parser.add_argument("--out", type=Path, required=True, metavar="F.csv")
    args = parser.parse_args()
    table = earlier(pd.read_csv(args.optima))
    table.to_csv(args.out, index=False, float_format="%.4g")


if __name__ == "__main__":
    main()
