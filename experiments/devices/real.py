"""The chips of least EDAP of each device that keep the scores of real networks.

`python -m experiments.devices.real STUDY.toml --sram CSV --rram CSV` writes a table for the page of
the devices. STUDY is of `experiments.edge_networks.study`, the tables of analog chips are of
`experiments.edge_networks.cheapest`; leave one out if no chip keeps the scores. The digital chip is
proven: it computes as integers do, so that it loses what rounding loses.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.devices.chips import DIGITAL, costs
from imcmoo.exact.branch_and_bound import prove
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.space.design_space import Levels
from imcmoo.study.catalogue import find_study
from imcmoo.study.spaces import spaces
from imcmoo.study.study import Study

TABLE = Path("results", "published", "devices", "real.csv")
CRITERION = "edap_geomean"


def study_of(study: Study, device: str) -> Study:
    """The study for one device, without limits on accuracy."""
    networks = [n.replace(accuracy=None, max_accuracy_drop=None) for n in study.networks]
    space = spaces()[f"{device}_physical_attention"]
    return study.replace(
        name=f"{study.name}_{device}", networks=networks, space=space, scenario=None
    )


def row_of(
    device: str, problem: AcceleratorProblem, levels: Levels, drops: tuple[float, float]
) -> dict[str, Any]:
    """Costs of one chip; `drops` are the allowed one and the largest of its networks."""
    metrics = problem.model.evaluate(levels)
    edap = problem.costs(problem.score(levels, metrics)[0]).edap
    return {
        "device": device,
        "networks": len(problem.workload_names),
        "allowed_drop": drops[0],
        "largest_drop": drops[1],
        "edap_Jsmm2": float(np.exp(np.log(edap).mean())),
        **costs(problem, levels),
    }


def analog(study: Study, device: str, table: Path, allowed: float) -> dict[str, Any]:
    """The chip of a table of chips for an allowed drop, evaluated again."""
    problem = study_of(study, device).problem()
    chip = pd.read_csv(table).set_index("allowed_drop").loc[allowed]
    levels = problem.space.levels_of({name: chip[name] for name in problem.space.names})
    worst = max(float(chip[name]) for name in chip.index if name.startswith("drop_"))
    return row_of(device, problem, np.atleast_2d(levels), (allowed, max(worst, 0.0)))


def digital(study: Study, allowed: float) -> dict[str, Any]:
    """The proven best digital chip."""
    problem = study_of(study, DIGITAL).problem()
    proof = prove(problem, CRITERION)
    if proof.levels is None:
        raise SystemExit("no digital chip runs these networks")
    return row_of(DIGITAL, problem, np.atleast_2d(proof.levels)[:1], (allowed, 0.0))


def main(argv: Sequence[str] | None = None) -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", metavar="STUDY.toml")
    parser.add_argument("--sram", type=Path, required=True, metavar="CSV")
    parser.add_argument("--rram", type=Path, metavar="CSV")
    parser.add_argument("--allowed-drop", type=float, default=0.01, metavar="X")
    parser.add_argument("--out", type=Path, default=TABLE, metavar="F.csv")
    args = parser.parse_args(argv)
    study, allowed = find_study(args.study), args.allowed_drop
    if not isinstance(study, Study):
        raise SystemExit(f"{args.study} lists devices: give a study of one device")
    chips = [("sram", args.sram), ("rram", args.rram)]
    rows = [analog(study, name, table, allowed) for name, table in chips if table is not None]
    frame = pd.DataFrame([*rows, digital(study, allowed)])
    args.out.parent.mkdir(parents=True, exist_ok=True)
    frame.to_csv(args.out, index=False, float_format="%.12g", lineterminator="\n")


if __name__ == "__main__":
    main()
