"""Certificate that one device of a study makes the best chip, and the check of it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from imcmoo.answers.answer import Answer
from imcmoo.answers.answers import Answers
from imcmoo.answers.provenance import CERTIFIED
from imcmoo.exact.certificate import EXACT, FILE, Certificate, NothingToCertify
from imcmoo.exact.check import DesignCounts, Refused
from imcmoo.io.checksums import content_checksum, sha256
from imcmoo.io.errors import InputError, input_errors
from imcmoo.io.reading import read_json
from imcmoo.solve.check_certificate import Checker
from imcmoo.study.devices import COMPARISON, StudyOfDevices
from imcmoo.study.study import Study


@dataclass(frozen=True)
class DeviceProof:
    """Proofs of one device.

    Args:
        certificates: SHA-256 (hex) of its certificates, by path below the folder of the study.
        infeasible: criteria of which it is proven that no design is feasible.
    """

    certificates: Mapping[str, str]
    infeasible: Sequence[str]


@dataclass(frozen=True)
class ComparisonCertificate:
    """The best device and a proven lower bound of the scores of all chips of all devices.

    Args:
        study: name of the study.
        criterion: what is proven.
        winner: device of the best chip.
        value: its score.
        bound: the least bound of all devices.
        gap: how far the value may be above the smallest there is, as a share.
        devices: what is proven of each device.
        proven_factors: pairs of a better and a worse device, and the factor between them.
        stamp: JSON values of `stamp_of_devices`.
    """

    study: str
    criterion: str
    winner: str
    value: float
    bound: float
    gap: float
    devices: Mapping[str, DeviceProof]
    proven_factors: Sequence[tuple[str, str, float]]
    stamp: Mapping[str, Any]

    @classmethod
    def of(
        cls, compared: Answers, criterion: str, devices: Mapping[str, DeviceProof]
    ) -> ComparisonCertificate:
        """The certificate of a comparison whose bounds are proven."""
        return cls(
            study=compared.name,
            criterion=criterion,
            winner=compared.label(compared.best),
            value=compared.best.score,
            bound=compared.bound,
            gap=compared.scale.excess(compared.best.score, compared.bound),
            devices=devices,
            proven_factors=compared.factors,
            stamp=compared.stamp.to_json(),
        )

    def settings_of(self, study: Study) -> Mapping[str, Any]:
        """Settings of the study of a device; empty if it is not among them."""
        settings: Mapping[str, Any] = self.stamp["settings"].get(study.device, {})
        return settings

    def to_json(self) -> dict[str, Any]:
        """Content of `certificate.json`, whose last field is a checksum of all others."""
        content: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return {**content, "checksum": content_checksum(content)}

    @classmethod
    def load(cls, folder: Path) -> ComparisonCertificate:
        """Read `certificate.json` of the folder of a comparison.

        Raises:
            InputError: the file is no such certificate, or not as it was written.
            OSError: the file cannot be read.
        """
        path = folder / FILE
        try:
            content = dict(read_json(path))
            if content.pop("checksum") != content_checksum(content):
                raise ValueError("it is not as it was written")
            proofs = {name: DeviceProof(**proof) for name, proof in content["devices"].items()}
            if not all(isinstance(s, dict) for s in content["stamp"]["settings"].values()):
                raise ValueError("settings are no tables")
            factors = [(str(a), str(b), float(k)) for a, b, k in content["proven_factors"]]
            return cls(**{**content, "devices": proofs, "proven_factors": factors})
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise InputError(f"{path} is no certificate of a comparison: {error}") from None


def proven_comparison(
    study: StudyOfDevices,
    criterion: str,
    certificates: Mapping[str, Mapping[str, Certificate]],
    infeasible: Mapping[str, str],
) -> Answers:
    """The answers of devices whose best chips are proven.

    Args:
        study: the study.
        criterion: name of the criterion.
        certificates: by device and criterion; of a device with a feasible chip also of `criterion`.
        infeasible: by device without a feasible chip, why there is none.
    """
    best = []
    for device, one in zip(study.devices, study.studies, strict=True):
        if device in infeasible:
            why = NothingToCertify(infeasible[device])
            best.append(Answer.without_chip(one, why, bound=math.inf))
            continue
        proven = certificates[device]
        of_criterion = proven[criterion]
        best.append(
            Answer(
                one,
                CERTIFIED,
                one.space.levels_of(of_criterion.design),
                score=of_criterion.value,
                bound=of_criterion.bound,
                gap=of_criterion.gap,
                front=np.concatenate([one.space.levels_of(c.design) for c in proven.values()]),
                evidence=proven,
            )
        )
    named = next(c for each in certificates.values() for n, c in each.items() if n == criterion)
    reference = EXACT if named.single_network_optima else ""
    return Answers(study.name, tuple(best), named.score_name, reference)


def devices_folder(folder: Path) -> Path:
    """Folder of the devices that the comparison in a folder is of."""
    return folder.parent if folder.name == COMPARISON else folder.parent.parent


def check_comparison(
    folder: Path,
    study: StudyOfDevices,
    on_step: Callable[[int], None] = lambda _: None,
) -> tuple[Answers, int, list[DesignCounts]]:
    """Check the certificate of a comparison and those of all devices by walks of their own.

    Args:
        folder: folder of the comparison.
        study: the study, with the settings of the certificates.
        on_step: called with the number of counted designs of a device.

    Returns:
        The comparison, the number of designs that bounds were compared with (0 if there are no
        bounds), and the counts of all walks.

    Raises:
        Refused: a certificate does not hold; says which and why.
    """
    stated = ComparisonCertificate.load(folder)
    if sorted(stated.devices) != sorted(study.devices):
        raise Refused(f"{folder}: refused: it compares {', '.join(stated.devices)}")
    home = devices_folder(folder)
    stored = {name: _stored(folder, name, stated) for name in study.devices}
    together: list[Checker] = []
    checkers = {
        name: Checker(one, together) for name, one in zip(study.devices, study.studies, strict=True)
    }
    _claim_all(checkers, stored, stated, home)
    why = {n: "no chip is feasible" for n, p in stated.devices.items() if _lacks_chip(stated, p)}
    certificates = {n: {c.criterion: c for c in listed.values()} for n, listed in stored.items()}
    lacking = [n for n in study.devices if n not in why and stated.criterion not in certificates[n]]
    if lacking:
        raise Refused(f"{folder}: refused: no certificate of {stated.criterion} of {lacking[0]}")
    compared = proven_comparison(study, stated.criterion, certificates, why)
    if ComparisonCertificate.of(compared, stated.criterion, stated.devices) != stated:
        raise Refused(f"{folder}: refused: it does not follow from the certificates of the devices")
    validated, walks = 0, []
    for name, checker in checkers.items():
        try:
            validated += checker.validate()
            walks += checker.prove(on_step)
        except Refused as error:
            raise Refused(f"{home / name}: refused: {error}") from None
    return compared, validated, walks


def _lacks_chip(stated: ComparisonCertificate, proof: DeviceProof) -> bool:
    return stated.criterion in proof.infeasible


def _stored(folder: Path, device: str, stated: ComparisonCertificate) -> dict[Path, Certificate]:
    """Certificates of a device as the comparison lists them, prerequisites first."""
    read, home = {}, devices_folder(folder)
    most = 3 if folder.name == COMPARISON else 4  # below the folder of a criterion that is apart
    for name, digest in stated.devices[device].certificates.items():
        parts = PurePosixPath(name).parts
        if parts[0] != device or parts[-1] != FILE or len(parts) > most or ".." in parts:
            raise Refused(f"{folder}: refused: {name} is no certificate of {device}")
        path = home / name
        if not path.is_file() or sha256(path) != digest:
            raise Refused(f"{path}: refused: missing, or not the file that the comparison lists")
        read[path.parent] = Certificate.load(path.parent)
    return read


def _claim_all(
    checkers: Mapping[str, Checker],
    stored: Mapping[str, Mapping[Path, Certificate]],
    stated: ComparisonCertificate,
    home: Path,
) -> None:
    """Register the claims of all devices, single-network optima before regrets."""
    claims = [(n, path, c) for n, listed in stored.items() for path, c in listed.items()]
    for name, proof in stated.devices.items():
        for criterion in proof.infeasible:
            with input_errors(f"{home / name}: refused: ", Refused):
                checkers[name].claim_infeasible(criterion)
    for name, path, certificate in sorted(claims, key=lambda c: bool(c[2].single_network_optima)):
        try:
            checkers[name].claim(certificate)
        except Refused as error:
            raise Refused(f"{path}: refused: {error}") from None
