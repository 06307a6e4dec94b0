"""`imcmoo reproduce certified`: proofs in the extended spaces, their CPU time and memory, and how
tight bounds are."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.agreement import of_a_model
from experiments.markdown import render
from experiments.publish import Publication, Result, dependence, read_tables
from imcmoo.exact.certificate import read_certificates
from imcmoo.exact.node_expander import search_tree
from imcmoo.model.metrics import edp
from imcmoo.search.sampling import draw_feasible
from imcmoo.study.catalogue import find_study

STUDIES = tuple(
    f"{networks}_workload_{device}_extended"
    for device in ("rram", "sram")
    for networks in ("four", "nine")
)
TECHNOLOGY_STUDY = "technology_cost_extended"
RANDOM_DESIGNS = 1000


class Certified(Publication):
    """Proofs of the extended studies; CPU times are those of one worker."""

    name = path = "certified"
    tasks = (
        *((study, criterion) for study in STUDIES for criterion in ("edap_geomean", "all")),
        (TECHNOLOGY_STUDY, "score"),
        *((study, "") for study in STUDIES),
    )
    float_format = "%.4g"
    models = ("reference", "physical")

    @property
    def depends_on(self) -> str:
        """The problems."""
        return dependence(find_study(name).problem() for name in (*STUDIES, TECHNOLOGY_STUDY))

    def run_task(self, task: tuple[str, str]) -> Result:
        """Measure the proof of a criterion, or without one the bounds."""
        study, criterion = task
        if criterion:
            return {"proofs": pd.DataFrame([proofs(study, criterion)])}
        return {"bounds": pd.DataFrame(tightness(study))}

    def pages(self, folder: Path, docs: Path, home: Path) -> dict[Path, str]:
        """`certified.md`."""
        tables = read_tables(folder)
        measured = {"measured": tables["proofs"], "bounds": tables["bounds"], "designs": designs}
        measured |= {"model": of_a_model()}
        return {docs / "certified.md": render("certified.md", **measured)}


def proofs(study: str, criterion: str) -> dict[str, Any]:
    """Prove and check criteria of a study by the commands of users: number of designs and of
    certificates, the largest gap, CPU seconds and GB of both commands."""
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
    """Median over random feasible designs of the bound of energy × latency over its true value, by
    stage that has bounds; of each design the geometric mean over networks counts."""
    problem = find_study(study).problem()
    levels = draw_feasible(problem, RANDOM_DESIGNS, np.random.default_rng(0))
    costs = problem.model.evaluate(levels)
    tree = search_tree(problem)
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


def designs(count: float) -> str:
    """Format a large number, such as 1.9·10¹²."""
    exponent = int(np.log10(count))
    digits = str(exponent).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{count / 10**exponent:.1f}·10{digits}"
