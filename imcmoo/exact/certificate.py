"""Certificate of the best design of a study, also as `certificate.json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from imcmoo.arrays import Floats
from imcmoo.exact.behaviour import behaviour
from imcmoo.exact.branch_and_bound import Proof
from imcmoo.exact.smallest_chip import nothing_feasible
from imcmoo.io.checksums import content_checksum, write_checked_json
from imcmoo.io.errors import Infeasible, InputError
from imcmoo.io.reading import read_json
from imcmoo.io.stamp import Stamp
from imcmoo.problem.criteria import LOG10, score_prefix
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.space.design_space import Levels

FILE = "certificate.json"

OPTIMA = "single_network_optima"
"""Field of the single-network optima."""
WITHIN = "within"
"""Field of the answer that a tolerance counts from."""
EXECUTED, CONFIRMATION = "executed", "confirmation"
"""Fields of executed networks."""
TIES = "ties"
"""Field of the rule that chooses among designs with equal scores."""
REFERENCE = {"criterion": (str,), **dict.fromkeys(("value", "bound", "gap"), (int, float))}
"""Types of the values of the field `within`, by key."""


EXACT, BEST_FOUND = "exact optimum", "best found"
"""What regrets of a run are against: proven optima, or the best EDAPs that its searches found."""


class NothingToCertify(Infeasible):
    """It is proven that no design is feasible; says what the smallest chip would need."""


@dataclass(frozen=True, repr=False)
class Certificate:
    """A design and a proven lower bound of the score of all designs.

    `Study.certify` returns one; `Certificate.load(folder)` reads a stored one.

    Args:
        criterion: what is proven.
        design: physical values of the best design found, by name.
        value: its score.
        bound: of all designs.
        gap: how far the value may be above the smallest there is, as a share.
        designs: in the space.
        stages: by stage, designs ruled out there as `infeasible` or `excluded`.
        evaluated: designs that were evaluated; with those of all stages, all there are.
        single_network_optima: by network `bound` and `value` of its optimum, if the criterion is
            judged by it.
        seconds: that the proof took.
        stamp: JSON values of a `Stamp`; empty in files of older versions.
        behaviour: what a shipped model gives for some designs; see `imcmoo.exact.behaviour`.
        intact: whether it is as it was written; a checksum tells, which notices what no other check
            can, such as designs moved from one count to another.
        prefix: `LOG10` where value and bound are decimal logarithms, which the file then has as
            `log10_value` and `log10_bound`; else empty.
        within: `criterion`, `value`, `bound` and `gap` of the answer that a tolerance counts from;
            empty without one.
        executed: records of networks that were executed on simulated chips, as JSON values: on
            those of the design, and on those of circuits that no other design may have either,
            since a network fails on them. What is proven is of all other designs.
        confirmation: what the executions say of the design; empty if there is nothing to execute.
        ties: rule by which no design with an equal score comes before this one, which is proven;
            empty if it is not proven.
        is_new: whether this process proved the bound; False where it was read from a file.
    """

    criterion: str
    design: Mapping[str, Any]
    value: float
    bound: float
    gap: float
    designs: int
    stages: Mapping[str, Mapping[str, int]]
    evaluated: int
    single_network_optima: Mapping[str, Mapping[str, float]]
    seconds: float
    stamp: Mapping[str, Any]
    behaviour: Mapping[str, Any]
    intact: bool = True
    prefix: str = ""
    within: Mapping[str, Any] = field(default_factory=dict)
    executed: Sequence[Mapping[str, Any]] = ()
    confirmation: str = ""
    ties: str = ""
    is_new: bool = field(default=True, compare=False)

    @property
    def settings(self) -> Mapping[str, Any]:
        """Settings of the study; empty in files of older versions."""
        settings = self.stamp.get("settings")
        return settings if isinstance(settings, Mapping) else {}

    def __repr__(self) -> str:
        return f"Certificate({self.score_name}: {self.value:.4g}, gap {self.gap:.3%})"

    @property
    def score_name(self) -> str:
        """Name of the score, `log10_NAME` of a decimal logarithm."""
        return f"{self.prefix}{self.criterion}"

    def save(self, folder: Path) -> None:
        """Write `certificate.json` to its folder."""
        folder.mkdir(parents=True, exist_ok=True)
        content = {
            "criterion": self.criterion,
            "incumbent": {"design": dict(self.design), f"{self.prefix}value": self.value},
            f"{self.prefix}bound": self.bound,
            "gap": self.gap,
            "designs": self.designs,
            "counts": {"stages": dict(self.stages), "evaluated": self.evaluated},
            OPTIMA: dict(self.single_network_optima),
            **({WITHIN: dict(self.within)} if self.within else {}),
            **({EXECUTED: [dict(each) for each in self.executed]} if self.executed else {}),
            **({CONFIRMATION: self.confirmation} if self.confirmation else {}),
            TIES: self.ties,
            "seconds": round(self.seconds, 1),
            "stamp": dict(self.stamp),
            "behaviour": dict(self.behaviour),
        }
        write_checked_json(folder / FILE, content)

    @classmethod
    def load(cls, folder: Path) -> Certificate:
        """Read `certificate.json` of a folder.

        Raises:
            InputError: the file is no certificate; says what is missing.
            OSError: the file cannot be read.
        """
        path = folder / FILE
        try:
            content = read_json(path)
            _check_kinds(content)
            prefix = LOG10 if f"{LOG10}value" in content["incumbent"] else ""
            return cls(
                criterion=content["criterion"],
                design=content["incumbent"]["design"],
                value=float(content["incumbent"][f"{prefix}value"]),
                bound=float(content[f"{prefix}bound"]),
                gap=float(content["gap"]),
                designs=content["designs"],
                stages=content["counts"]["stages"],
                evaluated=content["counts"]["evaluated"],
                single_network_optima=content.get(OPTIMA, {}),
                seconds=float(content["seconds"]),
                # Files of older versions lack these and are refused later, with a reason.
                stamp=content.get("stamp", {}),
                behaviour=content.get("behaviour", {}),
                intact=content.get("checksum") == content_checksum(content),
                prefix=prefix,
                within=content.get(WITHIN, {}),
                executed=tuple(content.get(EXECUTED, ())),
                confirmation=content.get(CONFIRMATION, ""),
                ties=content.get(TIES, ""),
                is_new=False,
            )
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            raise InputError(f"{path} is no certificate: {type(error).__name__} {error}") from None


def read_certificates(folder: Path) -> dict[Path, Certificate]:
    """Read the certificates of a folder and its subfolders, by folder.

    Raises:
        InputError: a file is no certificate.
    """
    paths = [folder, *sorted(p for p in folder.glob("*") if p.is_dir())]
    return {path: Certificate.load(path) for path in paths if (path / FILE).is_file()}


def as_reference(certificate: Certificate) -> dict[str, Any]:
    """Reference that the certificate of a nearly best design states: the answer it rests on."""
    return {
        "criterion": certificate.criterion,
        "value": certificate.value,
        "bound": certificate.bound,
        "gap": certificate.gap,
    }


def best_optimum(certificates: Sequence[Certificate]) -> dict[str, float]:
    """Bound and value of the optimum over the spaces of some certificates of one criterion."""
    return {
        "bound": min(c.bound for c in certificates),
        "value": min(c.value for c in certificates),
    }


def _check_kinds(content: Mapping[str, Any]) -> None:
    """Check the types of the fields."""
    stages, optima = content["counts"]["stages"], content.get(OPTIMA, {})
    for name, value in [
        ("incumbent", content["incumbent"]["design"]),
        ("counts", stages),
        *((name, content.get(name, {})) for name in (OPTIMA, WITHIN, "stamp", "behaviour")),
    ]:
        if not isinstance(value, dict):
            raise ValueError(f"{name} is no table")
    for name, value in content["incumbent"]["design"].items():
        if not isinstance(value, int | float | str):
            raise ValueError(f"{name} of the incumbent is {value!r}, not a number or text")
    for row in (*optima.values(), *stages.values()):
        if not isinstance(row, dict):
            raise ValueError(f"a row of {OPTIMA} or stages is no table")
    if within := content.get(WITHIN, {}):
        if within.keys() != REFERENCE.keys():
            raise ValueError(f"{WITHIN} has {', '.join(within)}, needs {', '.join(REFERENCE)}")
        for key, kind in REFERENCE.items():
            if type(within[key]) not in kind:
                raise ValueError(f"{key} of {WITHIN} is {within[key]!r}")
    executed = content.get(EXECUTED, [])
    if not isinstance(executed, list) or not all(isinstance(each, dict) for each in executed):
        raise ValueError(f"{EXECUTED} is no list of tables")
    for name in ("criterion", TIES, CONFIRMATION):
        if not isinstance(content.get(name, ""), str):
            raise ValueError(f"{name} is no text")


def make_certificate(
    proof: Proof,
    problem: AcceleratorProblem,
    *,
    stamp: Stamp,
    sample: Levels,
    single_network_optima: Mapping[str, Mapping[str, float]],
    seconds: float,
) -> Certificate:
    """Create the certificate of a proof.

    Args:
        proof, problem: the finished proof, and its problem.
        stamp: of the study's answers.
        single_network_optima: field of `Certificate`.
        sample: designs, beside the best one, whose values are kept, shape (n, n_parameters).
        seconds: duration of the proof, s.

    Raises:
        NothingToCertify: there is no feasible design.
        InputError: none was found.
    """
    levels = _design_of(proof, problem)
    (design,) = problem.space.designs(levels[None])
    return Certificate(
        criterion=proof.goal.name,
        design={name: design[name] for name in problem.space.names},
        value=proof.value,
        bound=proof.bound,
        gap=proof.gap,
        designs=problem.space.size,
        stages=proof.stages,
        evaluated=proof.evaluated,
        single_network_optima=single_network_optima,
        seconds=seconds,
        stamp=stamp.to_json(),
        behaviour=behaviour(problem, np.vstack([sample, levels])),
        prefix=score_prefix(proof.goal.score_scale.kind),
        ties=str(problem.ties(proof.goal)) if proof.breaks_ties else "",
    )


def certified_reference(
    certificate: Certificate, names: Sequence[str]
) -> tuple[Floats | None, str]:
    """Best EDAP of each network of a certificate, J·s·mm², shape (W,), or None if it has none, and
    its kind, `EXACT` or `BEST_FOUND`."""
    optima = certificate.single_network_optima
    is_exact = all(each["value"] == each["bound"] for each in optima.values())
    values = np.array([optima[name]["value"] for name in names]) if optima else None
    return values, EXACT if is_exact else BEST_FOUND


def _design_of(proof: Proof, problem: AcceleratorProblem) -> Levels:
    """The design of a proof, shape (n_parameters,); errors as of `make_certificate`."""
    if proof.levels is not None:
        return proof.levels
    if proof.bound == float("inf"):
        raise NothingToCertify(nothing_feasible(problem))
    raise InputError(f"no feasible design was found among {problem.space.size:,}")
