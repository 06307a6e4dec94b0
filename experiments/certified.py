"""Measure proofs in the extended spaces: CPU time, memory, and how tight bounds are.

`python -m experiments.certified`, ten minutes; commands run one after another.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.markdown import render
from imcmoo.cli.catalogue import find_study
from imcmoo.exact.certificate import read_certificates
from imcmoo.exact.node_expander import partials_of
from imcmoo.model.metrics import edp
from imcmoo.search.sampling import draw_feasible

TABLES = Path("results", "published", "certified")
PAGE = Path("docs", "certified.md")
PROOFS, BOUNDS = "proofs.csv", "bounds.csv"
STUDIES = tuple(
    f"{networks}_workload_{device}_extended"
    for device in ("rram", "sram")
    for networks in ("four", "nine")
)
TECHNOLOGY_STUDY = "technology_cost_extended"
RANDOM_DESIGNS = 1000


def proofs(study: str, criterion: str) -> dict[str, Any]:
    """Prove and check criteria of a study by the commands of users.

    Returns:
        Number of designs and of certificates, the largest gap, CPU seconds and GB of both commands.
    """
    with tempfile.TemporaryDirectory() as out:
        folder = Path(out, "certified", study)
        prove = _measured("certify", study, "--criterion", criterion, "--out", out)
        check = _measured("check-certificate", str(folder))
        certificates = read_certificates(folder).values()
    return {
        "study": study,
        "criterion": criterion,
        "designs": find_study(study).space.size,
        "certificates": len(certificates),
        "gap": max(certificate.gap for certificate in certificates),
        "proof_cpu_s": prove[0],
        "proof_GB": prove[1],
        "check_cpu_s": check[0],
        "check_GB": check[1],
    }


def _measured(*arguments: str) -> tuple[float, float]:
    """CPU seconds and the largest memory (GB) of a command."""
    command = [sys.executable, "-m", "imcmoo", *arguments, "--quiet"]
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e9


def tightness(study: str) -> list[dict[str, Any]]:
    """Median over random feasible designs of the bound of energy × latency over its true value.

    Returns:
        A row per stage that has bounds; of each design the geometric mean over networks counts.
    """
    problem = find_study(study).problem()
    levels = draw_feasible(problem, RANDOM_DESIGNS, np.random.default_rng(0))
    costs = problem.model.evaluate(levels)
    tree = partials_of(problem)
    true = edp(costs.energy_J, costs.latency_s)
    medians = []
    for stage in range(tree.bound_from, len(tree.stages) + 1):
        partial = tree.ancestors(levels, stage)
        assert partial is not None
        bound = tree.bound(partial)
        ratio = np.exp(np.log(bound.values["edp"] / true).mean(axis=1))
        medians.append(
            {"study": study, "chosen": tree.stages[stage - 1], "ratio": np.median(ratio)}
        )
    return medians


def page(folder: Path) -> str:
    """Write `certified.md` from the tables in a folder."""
    measured, bounds = (pd.read_csv(folder / name) for name in (PROOFS, BOUNDS))
    return render("certified.md", measured=measured, bounds=bounds, designs=designs)


def designs(count: float) -> str:
    """Format a large number, such as 1.9·10¹²."""
    exponent = int(np.log10(count))
    digits = str(exponent).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{count / 10**exponent:.1f}·10{digits}"


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, and write the tables and the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--out",
        type=Path,
        default=TABLES,
        metavar="DIR",
        help=f"gets the tables (default: %(default)s), and the page if it is not {TABLES}",
    )
    out = parser.parse_args(argv).out
    out.mkdir(parents=True, exist_ok=True)
    asked = [(study, criterion) for study in STUDIES for criterion in ("edap_geomean", "all")]
    asked += [(TECHNOLOGY_STUDY, "score")]
    measured = pd.DataFrame([proofs(*one) for one in asked])
    tight = pd.DataFrame([row for study in STUDIES for row in tightness(study)])
    for name, frame in ((PROOFS, measured), (BOUNDS, tight)):
        frame.to_csv(out / name, index=False, float_format="%.4g", lineterminator="\n")
    target = PAGE if out == TABLES else out / PAGE.name
    target.write_text(page(out), encoding="utf-8")


if __name__ == "__main__":
    main()
