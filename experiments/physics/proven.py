"""Optima of a study by branch and bound, in the form of an exact answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from experiments.physics.optima import CRITERIA
from imcmoo.exact.certificate import read_certificates
from imcmoo.exact.enumeration import ExactAnswer, Optimum
from imcmoo.io.locks import folder_lock
from imcmoo.study.certify_study import SolverOptions, certify_study
from imcmoo.study.study import Study


def proven_answer(study: Study, results: Path) -> ExactAnswer:
    """Prove the optima by each of `CRITERIA`, and each network's single-network optimum.

    Args:
        study: the study.
        results: keeps certificates in `proven`; those of the same problem are not proven again.

    Returns:
        One design for each optimum. The number of feasible designs is -1 and the front empty:
        a proof does not tell.
    """
    space, folder = study.space, results / "proven" / study.name
    optima: dict[str, Optimum] = {}
    with folder_lock(folder):
        for criterion in CRITERIA:
            options = SolverOptions(known=tuple(read_certificates(folder).values()))
            for proof in certify_study(study, criterion, options):
                proof.save(folder / proof.criterion)
                design = {p.name: np.array([proof.design[p.name]]) for p in space.parameters}
                rank = space.rank(space.encode(design))
                optima[proof.criterion] = Optimum(proof.value, rank)
    none = np.empty(0, np.int64)
    return ExactAnswer(-1, optima, np.empty((0, 0)), none, none)
