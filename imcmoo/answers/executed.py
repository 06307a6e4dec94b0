"""Record of a network that was executed on simulated chips of a circuit, as certificates state it.

record = Executed.of_json(certificate.executed[0])
record.works, record.loss
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from imcmoo.accuracy.execution import Execution
from imcmoo.accuracy.verdict import Loss
from imcmoo.io.errors import InputError
from imcmoo.model.physical.predicted_accuracy import FailedCircuit
from imcmoo.study.study import Study

CONFIRMED, UNDECIDED, NOT_CONFIRMED = "confirmed", "undecided", "not confirmed"
"""What executions say of an answer: all its networks work; the loss of one is so near the allowed
one that other chips may fail; or not all were executed, or one fails."""


@dataclass(frozen=True)
class Executed:
    """A network on simulated chips of a circuit, and whether it works.

    Args:
        network: name of the network.
        circuit: parameters of the circuit by name.
        settings: precision, clipping and digital layers of the network.
        files: SHA-256 (hex) of the files of the network and of its samples.
        allowed: allowed loss of score, as a share of 1.
        loss: mean loss below the lower score of float and integers.
        standard_error: of the loss.
        worst: loss of the worst chip.
        chips, samples: numbers of chips and of samples.
        seed: seed of the first chip.
        scores_sha256: SHA-256 (hex) of all scores.
        excess: loss beyond the allowed one; 0 if the network works.
        clear: whether other chips are not expected to change the verdict.
    """

    network: str
    circuit: Mapping[str, str | int]
    settings: Mapping[str, Any]
    files: Mapping[str, str]
    allowed: float
    loss: float
    standard_error: float
    worst: float
    chips: int
    samples: int
    seed: int
    scores_sha256: str
    excess: float
    clear: bool

    @classmethod
    def of(cls, execution: Execution, loss: Loss, allowed: float, **about: Any) -> Self:
        """The record of an execution; `about` are its other fields."""
        return cls(
            **about,
            allowed=allowed,
            loss=loss.mean,
            standard_error=loss.standard_error,
            worst=loss.worst,
            chips=loss.chips,
            samples=execution.samples,
            seed=execution.seed,
            scores_sha256=execution.digest,
            excess=loss.excess(allowed),
            clear=loss.is_clear(allowed),
        )

    @property
    def works(self) -> bool:
        """True if the network loses no more than is allowed."""
        return self.excess == 0

    @property
    def failed(self) -> FailedCircuit:
        """The circuit as one that no chip of the network may have."""
        return FailedCircuit(self.network, tuple(self.circuit.items()), self.excess)

    @property
    def text(self) -> str:
        """Loss and verdict in points, as text."""
        points = f"{100 * self.loss:.2f} ± {100 * self.standard_error:.2f}"
        verdict = "works" if self.works else "fails"
        return (
            f"{self.network} loses {points} points on {self.chips} chips ({self.samples} samples); "
            f"{100 * self.allowed:g} allowed: {verdict}{'' if self.clear else ', narrowly'}"
        )

    def to_json(self) -> dict[str, Any]:
        """JSON values for `of_json`."""
        return asdict(self)

    @classmethod
    def of_json(cls, content: object) -> Self:
        """The record of JSON values.

        Raises:
            InputError: the values are of anything else.
        """
        kinds: dict[str, tuple[type, ...]] = {
            "str": (str,),
            "float": (int, float),
            "int": (int,),
            "bool": (bool,),
        }
        names = [f.name for f in fields(cls)]
        if not isinstance(content, Mapping) or sorted(content) != sorted(names):
            raise InputError(f"a record of an execution needs {', '.join(names)}")
        for field in fields(cls):
            if type(content[field.name]) not in kinds.get(str(field.type), (dict,)):
                raise InputError(f"{field.name} of an execution is {content[field.name]!r}")
        return cls(**content)


def without_failed(study: Study, executed: Sequence[Mapping[str, Any]]) -> Study:
    """The study without the circuits on which networks fail by stated executions."""
    failed = failed_circuits([Executed.of_json(record) for record in executed])
    return study.replace(failed=failed) if failed and failed != study.failed else study


def failed_circuits(executed: Sequence[Executed]) -> tuple[FailedCircuit, ...]:
    """Circuits on which networks fail."""
    return tuple(each.failed for each in executed if not each.works)
