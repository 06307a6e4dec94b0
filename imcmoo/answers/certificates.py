"""Certificates of a study: the rules that need no proof, and the folder that they are in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np

from imcmoo.answers.executed import Executed
from imcmoo.answers.provenance import REPLACE, other_question, study_settings
from imcmoo.exact.behaviour import changed
from imcmoo.exact.bounded_criteria import (
    BoundedCriterion,
    NotProvable,
    ProofTask,
    SingleNetworkOptima,
    proof_plan,
    provable,
)
from imcmoo.exact.certificate import (
    FILE,
    OPTIMA,
    WITHIN,
    Certificate,
    certified_reference,
    read_certificates,
)
from imcmoo.exact.check import (
    Refused,
    feasible_costs,
)
from imcmoo.io.errors import InputError
from imcmoo.io.locks import folder_lock
from imcmoo.io.stamp import OLDER, Stamp
from imcmoo.problem.criteria import Criterion
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.tolerance import SUFFIX, Tolerance
from imcmoo.space.design_space import Levels
from imcmoo.study.study import Study


def read_one_criterion(
    folder: Path, settings: Mapping[str, object] | None = None
) -> dict[Path, Certificate]:
    """Read the certificates of a folder, and those of its subfolders that state the same criterion.

    A user's criterion is stated by its certificates and their prerequisites. If it is not that of
    the study, they are in a folder of its name, which is apart.

    Args:
        folder: the folder.
        settings: settings of the study. If None, those of the first certificate.
    """
    paths = read_certificates(folder)
    if settings is None:
        settings = next((c.settings for c in paths.values()), {})
    criterion = settings.get("criterion")
    return {
        path: certificate
        for path, certificate in paths.items()
        if path == folder or certificate.settings.get("criterion") == criterion
    }


def certificates(folder: Path) -> dict[Path, Certificate]:
    """Read the certificates of a folder and its subfolders, prerequisites first.

        >>> proven = study.certify(out=folder)
        >>> [c.criterion for c in certificates(certified_folder(study, folder)).values()]
        ['edap_geomean']

    Raises:
        InputError: there are none, or a file is none or of an older version.
    """
    paths = read_one_criterion(folder)
    if not paths:
        raise InputError(f"{folder} holds no {FILE}")
    for path, certificate in paths.items():
        if not certificate.settings:
            raise InputError(f"{path / FILE} is of {OLDER}: certify again")

    def rests_on(item: tuple[Path, Certificate]) -> tuple[bool, bool]:
        _, certificate = item
        return certificate.criterion.endswith(SUFFIX), bool(certificate.single_network_optima)

    return dict(sorted(paths.items(), key=rests_on))


def certificate_of_answer(folder: Path, name: str) -> Certificate | None:
    """The certificate in a folder, or in one of its subfolders, that states an answer.

    Args:
        folder: folder of certificates.
        name: name of the score that selects the design, see `Study.score_name`; with a tolerance
            the certificate of the second criterion is taken.

    Returns:
        The certificate; None if there is none, or it cannot be read.
    """
    try:
        found = read_certificates(folder).values()
    except (InputError, OSError):
        return None
    nearly_best = [c for c in found if c.criterion.endswith(SUFFIX) and c.within]
    return next(
        (c for c in [*nearly_best, *found] if c in nearly_best or c.criterion == name), None
    )


def excess_over_proven(study: Study, levels: Levels, certificate: Certificate) -> float | None:
    """Excess of a design over the proven bound of its study, as a share.

    Args:
        study: the study.
        levels: a feasible design, shape (1, n_parameters).
        certificate: certificate of the answer of a study of this name.

    Returns:
        The excess; None if the certificate is of another study, or of a selection within a
        tolerance.
    """
    is_other = other_question(study, certificate.stamp)
    if is_other or certificate.within or certificate.criterion != study.certificate_name:
        return None
    problem, criterion = study.problem(), study.resolved_criterion
    reference, _ = certified_reference(certificate, study.names)
    score = float(criterion.scores(feasible_costs(problem, levels), reference)[0])
    return max(criterion.score_scale.excess(score, certificate.bound), 0.0)


def certified_study(settings: Mapping[str, object], study: Study) -> Study:
    """The study with the settings of a certificate.

    Raises:
        Refused: the study cannot have these settings.
    """
    names = ("deployment", "criterion") if settings.get("criterion") else ("deployment",)
    try:
        return study.with_settings(settings, names)
    except (KeyError, ValueError, TypeError) as error:
        raise Refused(f"settings of the certificate: {error}") from None


def executed_in(certificate: Certificate) -> list[Executed]:
    """The executions that a certificate states.

    Raises:
        InputError: a record is of anything else.
    """
    return [Executed.of_json(record) for record in certificate.executed]


def mismatch(certificate: Certificate, problem: AcceleratorProblem, stamp: Stamp) -> str:
    """Reason why a certificate is of another problem; empty if it is not.

    Args:
        certificate: the certificate.
        problem: joint problem of its study.
        stamp: stamp of the answers of the study.
    """
    if not certificate.intact:
        return "not as it was written"
    differs = stamp.difference(certificate.stamp) or changed(problem, certificate.behaviour)
    return differs and f"of {differs}"


def nearly_best(tolerance: Tolerance, best: Certificate) -> Criterion:
    """The second criterion within a tolerance of a certified design."""
    optima = [optimum["value"] for optimum in best.single_network_optima.values()]
    return tolerance.criterion(best.value, np.array(optima) if optima else None)


def flaw(certificate: Certificate, problem: AcceleratorProblem) -> str:
    """First false statement of a certificate that needs no walk; else an empty text.

    Args:
        certificate: the certificate.
        problem: joint problem of its study.
    """
    try:
        part = proof_task(certificate.criterion, problem)
        stated = certificate.single_network_optima
        optima = SingleNetworkOptima.from_certificates(stated) if part.prerequisites else None
        refuse_idle_statements(certificate, problem, part)
        of_part = part.problem(problem)
        (goal,) = part.criteria(of_part, optima)
        checked_design(certificate, of_part, goal)
    except (Refused, KeyError, NotProvable, OverflowError, TypeError, ValueError) as error:
        return str(error)
    return ""


def proof_task(criterion: str, problem: AcceleratorProblem) -> ProofTask:
    """The task whose proof a certificate of a criterion states.

    Raises:
        Refused: the criterion cannot be proven.
    """
    if not any(criterion in names for names in provable(problem)):
        raise Refused(f"criterion {criterion} cannot be proven here")
    tasks = proof_plan(problem, [criterion])
    return next(replace(t, names=(criterion,)) for t in tasks if criterion in t.names)


def refuse_idle_statements(
    certificate: Certificate, problem: AcceleratorProblem, part: ProofTask
) -> None:
    """Refuse statements on which the proof of a task does not rest, since nothing checks them."""
    tolerance = problem.tolerance
    if certificate.within and (tolerance is None or part.names != (tolerance.name,)):
        raise Refused(f"it states {WITHIN}, on which {certificate.criterion} does not rest")
    networks = problem.workload_names if part.prerequisites else []
    if idle := [name for name in certificate.single_network_optima if name not in networks]:
        raise Refused(
            f"it states {OPTIMA} of {', '.join(idle)}, on which {certificate.criterion} does not "
            "rest"
        )


def checked_design(
    certificate: Certificate, problem: AcceleratorProblem, goal: BoundedCriterion
) -> Levels:
    """The certified design, shape (1, n_parameters); refuses false statements that need no walk."""
    counts = [n for stage in certificate.stages.values() for n in stage.values()]
    counts.append(certificate.evaluated)
    if not all(type(n) is int and n >= 0 for n in counts) or type(certificate.designs) is not int:
        raise Refused("counts must be whole numbers")
    if certificate.designs != problem.space.size:
        raise Refused(f"the space has {problem.space.size:,} designs, not {certificate.designs:,}")
    if sum(counts) != certificate.designs:
        raise Refused(f"counts add up to {sum(counts):,} designs, not {certificate.designs:,}")
    if sorted(certificate.design) != sorted(problem.space.names):
        raise Refused("the incumbent has other parameters than the space")
    try:
        levels = problem.space.levels_of(certificate.design)
    except ValueError as error:
        raise Refused(f"the incumbent is no design of the space: {error}") from None
    costs = feasible_costs(problem, levels)
    if not len(costs):
        raise Refused("the incumbent is not feasible")
    score = float(goal.score(costs)[0])
    if score != certificate.value:
        raise Refused(f"the incumbent scores {score}, not {certificate.value}")
    if certificate.bound > certificate.value:
        raise Refused("the bound is above the value of a design")
    if goal.gap(certificate.value, certificate.bound) != certificate.gap:
        raise Refused("the gap is not that of value and bound")
    rule = str(problem.ties(goal))
    if certificate.ties and (certificate.ties != rule or certificate.gap > 0):
        raise Refused(
            f"it chooses among equal scores by {certificate.ties}; it must be by {rule}, and the "
            "gap 0"
        )
    return levels


def certificates_folder(name: str, out: Path) -> Path:
    """Folder of the certificates of the study of a name."""
    return out / "certified" / name


def certified_folder(study: Study, out: Path, *, is_apart: bool = False) -> Path:
    """Folder of the certificates of a study, below that of its criterion if they are apart."""
    folder = certificates_folder(study.name, out)
    return folder / study.default_proof if is_apart else folder


def answer_certificate(study: Study) -> str:
    """Name of the certificate that states the answer of a study: that of the second criterion if
    there is a tolerance."""
    return study.default_proof if study.nearly_best is None else study.nearly_best.name


def is_apart(study: Study, ordinary: Study) -> bool:
    """True if certificates of a study state other settings than those of the study without the
    criterion of a command line, as with a user's criterion."""
    return study_settings(study)["criterion"] != study_settings(ordinary)["criterion"]


class CertificateFolder:
    """The folder of the certificates of a study: that of its criterion, others in subfolders.

    Args:
        study: the study.
        out: folder of all results.
        study_criterion: criterion whose certificate is in the folder itself. If None, that of
            `study`, which has the criterion of a command line if one is given.
        is_apart: whether the folder is that of the criterion of `study`, below that of the study;
            see the function of this name.
        force: whether to remove the certificates of a different study with the same name.

    Raises:
        InputError: there are such certificates, and `force` is False.
    """

    def __init__(
        self,
        study: Study,
        out: Path,
        *,
        study_criterion: str | None,
        is_apart: bool = False,
        force: bool,
    ) -> None:
        self.path = certified_folder(study, out, is_apart=is_apart)
        self._study_criterion = (not is_apart and study_criterion) or study.default_proof
        stored = read_one_criterion(self.path, study_settings(study))
        self._of_study = stored.get(self.path)
        self.known = [*stored.values()]
        differing = {p: d for p, c in stored.items() if (d := other_question(study, c.stamp))}
        for path, differs in differing.items():
            if not force:
                raise InputError(f"{path} is of {differs}; {REPLACE}")
        self._of_others = [*differing]
        self._study, self._proven = study, dict[str, Certificate]()

    @classmethod
    @contextmanager
    def locked(
        cls,
        study: Study,
        out: Path,
        *,
        study_criterion: str | None,
        is_apart: bool = False,
        force: bool,
    ) -> Iterator[Self]:
        """The folder, which no other process uses meanwhile."""
        with folder_lock(certified_folder(study, out)):
            yield cls(study, out, study_criterion=study_criterion, is_apart=is_apart, force=force)

    def save(self, certificate: Certificate) -> Path:
        """Write a certificate into the folder of its criterion, which is returned.

        The first one removes those of other studies.
        """
        for path in self._of_others:
            (path / FILE).unlink(missing_ok=True)
            self._remove_answer(path)
        self._of_others = []
        name = certificate.criterion
        folder = self._home(name)
        if folder == self.path:
            self._keep_former(name)
        certificate.save(folder)
        self._proven[name] = certificate
        if name == answer_certificate(self._study):
            self._write_answer()
        return folder

    def _home(self, criterion: str) -> Path:
        """Folder of the certificate of a criterion."""
        return self.path if criterion == self._study_criterion else self.path / criterion

    def _remove_answer(self, folder: Path) -> None:
        from imcmoo.answers.folder import remove_answer  # tables, which reading does without

        remove_answer(folder)

    def _write_answer(self) -> None:
        """Write the answer that the certificates prove, unless it stands there."""
        # Tables, which reading does without.
        from imcmoo.answers.answer import answer_from_certificates
        from imcmoo.answers.folder import has_answer, write_answer

        study, folder = self._study, self._home(self._study.default_proof)
        if (
            study.default_proof != study.certificate_name
        ):  # with the optima of chips for one network
            study = study.replace(baselines=True)
        answer = answer_from_certificates(study, self._proven)
        if all(c.is_new for c in self._proven.values()) or not has_answer(answer, folder):
            write_answer(answer, folder)

    def _keep_former(self, name: str) -> None:
        """Move the certificate of the study's former criterion to the folder of its name."""
        former, self._of_study = self._of_study, None
        if former is None or former.criterion == name or not (self.path / FILE).is_file():
            return
        kept = self.path / former.criterion
        kept.mkdir(exist_ok=True)
        (self.path / FILE).replace(kept / FILE)
