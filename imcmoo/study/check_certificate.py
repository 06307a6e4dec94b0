"""Whether certificates of a study hold: proven anew, all together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from imcmoo.exact.branches import partials_of
from imcmoo.exact.certificate import FILE, Certificate, fingerprints
from imcmoo.exact.check import Claim, Counts, Refused, check_bounds, check_statement
from imcmoo.exact.goal import Goal, NotProvable, OwnBests, against, goals, relative
from imcmoo.io.errors import InputError
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import MM2_PER_M2
from imcmoo.study.exact_comparison import stated
from imcmoo.study.study import Study


def certificates(folder: Path) -> dict[Path, Certificate]:
    """The certificates of a folder and of the folders in it, what others rest on first.

    Raises:
        InputError: there are none, or a file is none.
    """
    paths = [folder, *sorted(p for p in folder.glob("*") if p.is_dir())]
    found = {path: Certificate.load(path) for path in paths if (path / FILE).is_file()}
    if not found:
        raise InputError(f"{folder} holds no {FILE}")
    return dict(sorted(found.items(), key=lambda item: bool(item[1].own_best)))


def study_of(certificate: Certificate, study: Study) -> Study:
    """The study with the settings a certificate is of.

    Raises:
        Refused: it is of another study, or the study has other settings of its own.
    """
    settings = dict(certificate.settings)
    area = settings.get("area_limit_mm2")
    try:
        asked = replace(
            study,
            area_limit_m2=None if area is None else area / MM2_PER_M2,
            deployment=settings.get("deployment", ""),
            scaling=settings.get("scaling", ""),
            criterion=settings.get("criterion") or study.criterion,
        )
    except (ValueError, TypeError) as error:
        raise Refused(f"settings of the certificate: {error}") from None
    if stated(asked) != settings or certificate.model != asked.model:
        raise Refused(f"the certificate is of another study or other settings than {study.name}")
    return asked


class Checker:
    """Checks certificates of one problem, all in one walk through its designs.

    Args:
        study: with the settings of the certificates.

    Raises:
        InputError: nothing of it can be proven.
    """

    def __init__(self, study: Study) -> None:
        self._problem: AcceleratorProblem = study.problem()
        try:
            self._partials = partials_of(self._problem)
        except NotProvable as error:
            raise InputError(str(error)) from None
        self._fingerprints = fingerprints(self._problem, study.network_set().fingerprint)
        self._claimed: dict[str, Certificate] = {}
        self._claims: list[Claim] = []

    def claim(self, certificate: Certificate) -> None:
        """Check what needs no walk, and take up what does: what others rest on first.

        Raises:
            Refused: it does not hold; says why.
        """
        for what, digest in self._fingerprints.items():
            if certificate.fingerprints.get(what) != digest:
                raise Refused(f"the certificate is of another {what}")
        goal = self._goal(certificate)
        check_statement(certificate, self._problem, goal)
        self._claimed[certificate.criterion] = certificate
        self._claims.append(Claim(goal, certificate.bound))

    def prove(self, on_step: Callable[[int], None] = lambda _: None) -> Counts:
        """Prove anew what was claimed so far.

        Args:
            on_step: hears how many designs are counted so far.

        Raises:
            Refused: something does not hold; says what and why.
        """
        return check_bounds(self._problem, self._partials, self._claims, on_step)

    def _goal(self, certificate: Certificate) -> Goal:
        known, later = goals(self._problem), relative(self._problem)
        if certificate.criterion in known:
            return known[certificate.criterion]
        if certificate.criterion not in later:
            raise Refused(f"criterion {certificate.criterion} cannot be proven here")
        own = []
        for name in self._problem.workload_names:
            proven, said = self._claimed.get(f"edap_{name}"), certificate.own_best.get(name, {})
            if proven is None:
                raise Refused(f"no certificate of edap_{name} beside it, which it rests on")
            if said != {"bound": proven.bound, "value": proven.value}:
                raise Refused(f"the own best of {name} is not that of its certificate")
            own.append((proven.bound, proven.value))
        least, best = np.array(own).T
        return against(later[certificate.criterion], OwnBests(least, best))
