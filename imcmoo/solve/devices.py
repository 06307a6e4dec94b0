"""Enumerate or prove the devices of a study, and compare their best chips."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from imcmoo.answers.answers import Answers, check_replaceable, comparison_folder, no_chip
from imcmoo.answers.certificates import CertificateFolder
from imcmoo.exact.certificate import EXACT, FILE, Certificate, NothingToCertify
from imcmoo.exact.enumeration import ExactAnswer
from imcmoo.io.checksums import sha256
from imcmoo.io.errors import InputError
from imcmoo.io.locks import folder_lock
from imcmoo.io.machines import Workers
from imcmoo.problem.criteria import SINGLE_NETWORK
from imcmoo.solve.certify import ALL, certify_shared, criteria_to_prove
from imcmoo.solve.comparison_certificate import (
    ComparisonCertificate,
    DeviceProof,
    proven_comparison,
)
from imcmoo.solve.enumerate import (
    NothingToEnumerate,
    enumerate_to,
    find_answer,
)
from imcmoo.solve.prover import OnStep, Prover
from imcmoo.solve.together import enumerated_together
from imcmoo.study.devices import StudyOfDevices
from imcmoo.study.study import Study


def enumerate_devices(
    study: StudyOfDevices,
    out: Path,
    *,
    workers: Workers,
    force: bool = False,
    on_progress: Callable[[Study, int, int], None] = lambda *_: None,
    **more: object,
) -> Answers:
    """Enumerate each device, and compare their optima; see `StudyOfDevices.enumerate`.

    Args:
        study: the study.
        out: folder of all results.
        workers, more: as of `enumerate_study`.
        force: replace answers of different studies with the same name.
        on_progress: called after every chunk with the study of the device.
    """
    folder = comparison_folder(study, out / "enumerated")
    with folder_lock(folder):
        if not force:
            check_replaceable(study, folder)
        results = [_answer(one, out, workers, force, on_progress, more) for one in study.studies]
        first = study.studies[0]
        answers = enumerated_together(study.studies, results)
        reference = EXACT if first.resolved_criterion.is_regret else ""
        compared = Answers(study.name, tuple(answers), first.score_name, reference)
        compared.save(folder)
        return compared


def _answer(
    study: Study,
    out: Path,
    workers: Workers,
    force: bool,
    on_progress: Callable[[Study, int, int], None],
    more: Mapping[str, object],
) -> ExactAnswer | NothingToEnumerate:
    """The exact answer of a device: the stored one if it holds, else a new one."""
    with suppress(InputError):  # a damaged answer is replaced
        if stored := find_answer(study, out, lambda line: None):
            return stored
    try:
        return enumerate_to(
            study,
            out,
            force=force,
            workers=workers,
            on_progress=lambda done, total: on_progress(study, done, total),
            **more,
        )
    except NothingToEnumerate as error:
        return error


def certify_devices(
    study: StudyOfDevices,
    criterion: str | None,
    out: Path,
    *,
    study_criterion: str | None = None,
    is_apart: bool = False,
    force: bool = False,
    on_step: Callable[..., None] = lambda *_: None,
    on_proven: Callable[[Study, Certificate | NothingToCertify], None] = lambda *_: None,
    **options: Any,
) -> Answers:
    """Prove the best chip of each device; see `StudyOfDevices.certify`.

    Args:
        study: the study.
        criterion: criterion to prove, or `all`. If None, the criterion of the study.
        out: folder of all results.
        study_criterion, is_apart: see `CertificateFolder`.
        force: replace certificates of different studies with the same name.
        on_step: called after each step with the study of the device and the arguments of `OnStep`.
        on_proven: called with each certificate, or with the error that says that no design of a
            device is feasible.
        options: further options of `Prover`: `gap`, `time_limit_s`, `ended`, `report`.
    """
    first = study.studies[0]
    asked = criterion or first.resolved_criterion.name
    compared_by = first.resolved_criterion.name if asked == ALL else asked
    _check_joint(study, compared_by)
    home = out / "certified"
    folder = comparison_folder(study, home, is_apart=is_apart)
    with ExitStack() as stack:
        stack.enter_context(folder_lock(comparison_folder(study, home)))
        if not force:
            check_replaceable(study, folder)
        devices: dict[Prover, _Proven] = {}
        locked = partial(CertificateFolder.locked, study_criterion=study_criterion, force=force)
        for device, one in zip(study.devices, study.studies, strict=True):
            stored = stack.enter_context(locked(one, out, is_apart=is_apart))
            steps = _steps_of(one, on_step)
            prover = Prover(one, one.problem(), known=stored.known, on_step=steps, **options)
            devices[prover] = _Proven(device, prover, stored)
        with suppress(NothingToCertify):  # a network runs on no device, so none has a chip
            for prover, result in certify_shared([*devices], asked):
                if isinstance(result, Certificate):
                    devices[prover].save(result, home / study.name)
                on_proven(prover.study, result)
        return _certified(study, compared_by, folder, [*devices.values()])


@dataclass
class _Proven:
    """A device, its proofs, the folder of their certificates, and checksums of these by path."""

    device: str
    prover: Prover
    folder: CertificateFolder
    written: dict[str, str] = field(default_factory=dict)

    def save(self, certificate: Certificate, home: Path) -> None:
        """Write a certificate, and note its checksum by its path below `home`."""
        path = self.folder.save(certificate) / FILE
        self.written[path.relative_to(home).as_posix()] = sha256(path)


def _certified(
    study: StudyOfDevices, criterion: str, folder: Path, devices: list[_Proven]
) -> Answers:
    """Compare proven devices, and write the comparison with its certificate."""
    why = {
        d.device: str(next(iter(d.prover.infeasible.values())))
        for d in devices
        if criterion not in d.prover.done
    }
    if len(why) == len(devices):
        raise no_chip(study.name, why)
    certificates = {d.device: d.prover.done for d in devices}
    compared = proven_comparison(study, criterion, certificates, why)
    proofs = {d.device: DeviceProof(d.written, sorted(d.prover.infeasible)) for d in devices}
    content = ComparisonCertificate.of(compared, criterion, proofs).to_json()
    compared.save(folder, {FILE: content})
    return compared


def _check_joint(study: StudyOfDevices, criterion: str) -> None:
    """Refuse criteria that cannot be certified, and those of chips for one network."""
    criteria_to_prove(study.studies[0].problem(), criterion)
    if criterion.startswith(SINGLE_NETWORK):
        raise InputError(
            f"criterion {criterion} judges chips for one network; devices are compared by chips "
            "for all: a criterion of the study, NAME_joint of a regret, or edap_NETWORK"
        )


def _steps_of(study: Study, on_step: Callable[..., None]) -> OnStep:
    return lambda *state: on_step(study, *state)
