"""Verify the certificate of a robust chip: draws, chips in all draws, and proofs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from imcmoo.answers.drawn_device import ROBUST, device_name
from imcmoo.answers.provenance import stamp_of_answers
from imcmoo.answers.robust_folder import DRAWS
from imcmoo.arrays import Floats
from imcmoo.exact.bounded_criteria import SingleNetworkOptima
from imcmoo.exact.certificate import FILE
from imcmoo.exact.check import Claim, Refused, check_bounds
from imcmoo.exact.node_expander import search_tree
from imcmoo.exact.robust_check import check
from imcmoo.exact.robust_proof import RobustProof
from imcmoo.io.checksums import content_checksum, sha256
from imcmoo.io.errors import InputError
from imcmoo.io.reading import read_json
from imcmoo.solve.draws import DrawnStudy
from imcmoo.study.study import Study
from imcmoo.study.uncertainty import uncertainty_settings

WALKED = 5
"""Draws whose proofs are walked again, unless all are."""

OnStep = Callable[[str, int, int], None]
"""Called with the kind of work, and the numbers of finished draws or designs and of all."""


@dataclass(frozen=True)
class RobustCertificate:
    """Content of `certificate.json` of a robust answer.

    Args:
        study: name of the study.
        uncertainty: keys of `[uncertainty]`.
        entries: names of the columns of random numbers.
        draws_sha256: SHA-256 (hex) of draws.csv.
        devices: what is proven of each device.
    """

    study: str
    uncertainty: Mapping[str, Any]
    entries: Sequence[str]
    draws_sha256: str
    devices: Mapping[str, Mapping[str, Any]]

    @classmethod
    def load(cls, folder: Path) -> RobustCertificate:
        """Read the certificate of a folder.

        Raises:
            InputError: the file is none of a robust answer, or not as it was written.
        """
        path = folder / FILE
        try:
            content = dict(read_json(path))
            if content.pop("checksum") != content_checksum(content):
                raise ValueError("it is not as it was written")
            if not all(isinstance(one, dict) for one in content["devices"].values()):
                raise ValueError("devices are no tables")
            return cls(**content)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise InputError(f"{path} is no certificate of a robust chip: {error}") from None


def check_robust(
    folder: Path,
    studies: Sequence[Study],
    *,
    everything: bool = False,
    on_step: OnStep = lambda *_: None,
) -> list[str]:
    """Check the certificate of a robust answer.

    Args:
        folder: its folder.
        studies: the study, or those of the devices of a list.
        everything: walk the proofs of all draws again; if False, those of `WALKED` random ones.
        on_step: called as draws are finished.

    Returns:
        A line per device on what holds.

    Raises:
        Refused: something does not hold; says what.
    """
    stated = RobustCertificate.load(folder)
    by_device = {device_name(one): one for one in studies}
    if {*by_device} != {*stated.devices}:
        raise Refused(f"{folder}: refused: it is of {', '.join(stated.devices)}")
    if sha256(folder / DRAWS) != stated.draws_sha256:
        raise Refused(f"{folder / DRAWS}: refused: not the file that the certificate lists")
    devices = [_Device.of(one, stated, name) for name, one in by_device.items()]
    rng = np.random.default_rng()
    try:
        _check_draws(folder, devices)
        optima = _optima(devices)
        for device in devices:
            device.check_chips(optima, on_step)
            device.check_proofs(optima, rng, everything, on_step)
    except Refused as error:
        raise Refused(f"{folder}: refused: {error}") from None
    return [device.line for device in devices]


@dataclass(eq=False)
class _Device:
    """Claims on one device, and its draws."""

    name: str
    drawn: DrawnStudy
    stated: Mapping[str, Any]
    line: str = ""

    @classmethod
    def of(cls, study: Study, certificate: RobustCertificate, name: str) -> _Device:
        stated = certificate.devices[name]
        try:
            settings = uncertainty_settings(study, **certificate.uncertainty)
        except (TypeError, ValueError) as error:
            raise Refused(f"settings of the certificate: {error}") from None
        if differs := stamp_of_answers(study).difference(stated.get("stamp")):
            raise Refused(f"the certificate is of {differs}")
        drawn = DrawnStudy(study.replace(uncertainty=settings))
        if list(certificate.entries) != list(drawn.table.entries):
            raise Refused("the draws have other entries")
        return cls(name, drawn, stated)

    @property
    def n(self) -> int:
        return self.drawn.table.n

    @property
    def best(self) -> Floats:
        """Best score of each draw, NaN without a chip."""
        return np.array(self.stated["best"], dtype=float)

    @property
    def bounds(self) -> Floats:
        """Proven bound of each draw, NaN if there is none, infinite if no chip is feasible."""
        bounds = np.array(self.stated["bound"], dtype=float)
        bounds[[at - 1 for at in self.stated["no_chip"]]] = np.inf
        return bounds

    def check_chips(self, optima: Floats | None, on_step: OnStep) -> None:
        """Evaluate the named chips in all draws, and the best chip of each draw in it."""
        space = self.drawn.study.space
        try:
            named = {role: space.levels_of(one) for role, one in self.stated["chips"].items()}
        except ValueError as error:
            raise Refused(f"a chip of {self.name} is no design of the space: {error}") from None
        levels, best, ranks = np.concatenate([*named.values()]), self.best, self.stated["ranks"]
        for at in range(self.n):
            own = None if optima is None else optima[at]
            if (self.drawn.scores(levels, at, own) < self.bounds[at] * (1 - 1e-12)).any():
                raise Refused(f"a chip of {self.name} is below the bound of draw {at + 1}")
            if ranks[at] is not None:
                chip = space.unrank(np.array([ranks[at]]))
                if self.drawn.scores(chip, at, own)[0] != best[at]:
                    raise Refused(f"the best chip of draw {at + 1} has another score")
            on_step("chips in all draws", at + 1, self.n)

    def check_proofs(
        self, optima: Floats | None, rng: np.random.Generator, everything: bool, on_step: OnStep
    ) -> None:
        """Walk the proofs of some draws and that of the robust chip again."""
        proven = np.flatnonzero(~np.isnan(self.bounds))
        chosen = proven if everything else rng.permutation(proven)[:WALKED]
        for done, at in enumerate(map(int, chosen)):
            problem = self.drawn.problem(at)
            goal = self.drawn.goal(problem, None if optima is None else optima[at])
            claim = Claim(goal, self.bounds[at] - self.drawn.offset)
            check_bounds(problem, search_tree(problem), [claim])
            on_step("proofs of draws", done + 1, len(chosen))
        self.line = f"{self.name}: accepted: {len(chosen)} of {len(proven)} proofs walked again"
        if self.stated["proof"] is not None:
            self._check_proof(optima, on_step)
            self.line += ", and that of the robust chip"

    def _check_proof(self, optima: Floats | None, on_step: OnStep) -> None:
        """Walk the proof of the robust chip again."""
        proof = RobustProof.of_json(self.stated["proof"], self.drawn.study.space)
        draws = np.flatnonzero(np.isfinite(self.best))
        own = None
        if optima is not None:
            own = [SingleNetworkOptima(optima[at], optima[at]) for at in draws]
        problems = [self.drawn.new_problem(int(at)) for at in draws]
        robust = self.drawn.study.space.levels_of(self.stated["chips"][ROBUST])[0]
        if proof.levels is None or (proof.levels != robust).any():
            raise Refused("the proof is of another chip than the robust one")
        size = self.drawn.study.space.size
        check(
            proof,
            problems,
            self.best[draws] - self.drawn.offset,
            optima=own,
            on_step=lambda n: on_step("designs of the proof of the robust chip", n, size),
        )


def _check_draws(folder: Path, devices: Sequence[_Device]) -> None:
    """Compare draws.csv with draws made again."""
    stored = pd.read_csv(folder / DRAWS)
    table = next((d for d in devices if d.drawn.study.calibration is not None), devices[0])
    drawn = table.drawn.table
    columns = {f"u_{name}": u for name, u in zip(drawn.entries, drawn.u.T, strict=True)}
    columns |= drawn.values
    for name, values in columns.items():
        if name not in stored or not np.array_equal(stored[name], values):
            raise Refused(f"{name} of {DRAWS} is not that of the draws")


def _optima(devices: Sequence[_Device]) -> Floats | None:
    """Best EDAP of each network in each draw over all devices; None unless scores are regrets."""
    if not devices[0].drawn.is_regret:
        return None
    of_devices = [[d.drawn.optima(at) for at in range(d.n)] for d in devices]
    return np.asarray(np.min(of_devices, axis=0))
