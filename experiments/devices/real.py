"""The chips of least EDAP of each device that keep the scores of real networks.

`python -m experiments.devices.real STUDY.toml --sram CSV --rram CSV` writes a table for the page of
the devices. STUDY is of `experiments.edge_networks.study`, the tables of analog chips are of
`experiments.edge_networks.cheapest`; leave one out if no chip keeps the scores. Of an analog chip
the table gives the circuit, on which accuracy depends; all else is proven. A digital chip is proven
as a whole: it computes as integers do, so that it loses what rounding loses.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.devices.chips import DIGITAL, costs
from experiments.edge_networks.cheapest import CIRCUIT
from imcmoo.exact.branch_and_bound import prove
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.space.design_space import Levels
from imcmoo.space.restricted import restricted
from imcmoo.study.catalogue import find_study
from imcmoo.study.spaces import spaces
from imcmoo.study.study import Study

TABLE = Path("results", "published", "devices", "real.csv")
CRITERION = "edap_geomean"


def study_of(study: Study, device: str) -> Study:
    """The study for one device, without limits on accuracy."""
    networks = [n.replace(accuracy=None, max_accuracy_drop=None) for n in study.networks]
    space = spaces()[f"{device}_physical_attention"]
    name = f"{study.name}_{device}"
    return study.replace(name=name, device=device, networks=networks, space=space, scenario=None)


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
    """The proven best chip with the circuit that a table has for an allowed drop."""
    chip = pd.read_csv(table).set_index("allowed_drop").loc[allowed]
    of_device = study_of(study, device)
    circuit = {name: chip[name] for name in CIRCUIT if name in of_device.space.names}
    values = {name: [value] for name, value in circuit.items()}
    space = restricted(of_device.space, values, name=of_device.space.name)
    worst = max(float(chip[name]) for name in chip.index if name.startswith("drop_"))
    return best(device, of_device.replace(space=space), (allowed, max(worst, 0.0))) | circuit


def best(device: str, study: Study, drops: tuple[float, float]) -> dict[str, Any]:
    """The proven best chip of a study; see `row_of`."""
    problem = study.problem()
    proof = prove(problem, CRITERION)
    if proof.levels is None:
        raise SystemExit(f"{device}: no chip runs these networks within the limits")
    return row_of(device, problem, np.atleast_2d(proof.levels)[:1], drops)


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
    rows.append(best(DIGITAL, study_of(study, DIGITAL), (allowed, 0.0)))
    frame = pd.DataFrame(rows)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    frame.to_csv(args.out, index=False, float_format="%.12g", lineterminator="\n")


if __name__ == "__main__":
    main()
