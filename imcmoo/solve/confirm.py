"""Execution of the networks of an answer before it is given.

A prediction of accuracy is only a filter. The networks of the best chip are executed on simulated
chips. If one loses more than is allowed, no chip may have this circuit, and the whole proof,
enumeration or search is repeated::

    confirmation = Confirmation(study)
    found = confirmation.until_works(find, chips_of)
    confirmation.executed, confirmation.state(chips_of(found))

A circuit that fails says nothing of others, so no others are excluded. Nothing is executed within a
proof: what an incumbent that fails has pruned would be lost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np

from imcmoo.accuracy.circuit_noise import cache_folder
from imcmoo.accuracy.execution import ExecutedNetwork
from imcmoo.accuracy.verdict import ROUNDING
from imcmoo.answers.executed import (
    CONFIRMED,
    NOT_CONFIRMED,
    UNDECIDED,
    Executed,
    failed_circuits,
)
from imcmoo.io.errors import Infeasible, InputError
from imcmoo.model.physical.memory_cells import is_exact
from imcmoo.model.physical.model import PhysicalEvaluator
from imcmoo.model.physical.parameters import Designs, circuit_columns, with_circuit
from imcmoo.networks.accuracy_data import AccuracyData
from imcmoo.space.design_space import Levels
from imcmoo.study.study import Study

T = TypeVar("T")

MOST_EXECUTED = 20
"""Circuits that are executed for one answer, at most."""


@dataclass(frozen=True)
class Chip:
    """A chip and the networks that must work on it.

    Args:
        levels: value indices, shape (1, n_parameters).
        network: name of the only network. If empty, all networks of the study.
    """

    levels: Levels
    network: str = ""


class Confirmation:
    """Executions for the answers of a study, and the circuits that failed.

    Args:
        study: the study. Nothing is executed if it has `confirm = false`, or no network whose
            drop is limited, or if sums are exact.
        on_executed: called with the record of each execution.
        ended: nothing is executed any more once it returns True.
        fresh: True to execute anew what was executed before.
        stated: records that are taken as they are, and nothing else is executed. If None, networks
            are executed.

    Raises:
        InputError: the study asks for executions, but files of a network are not there.
    """

    def __init__(
        self,
        study: Study,
        *,
        on_executed: Callable[[Executed], None] = lambda record: None,
        ended: Callable[[], bool] = lambda: False,
        fresh: bool = False,
        stated: Sequence[Executed] | None = None,
    ) -> None:
        self.study = study
        self._of_study = study
        self.executed: list[Executed] = []
        self._on_executed = on_executed
        self._ended = ended if stated is None else lambda: True
        self._networks = executed_networks(study, None if fresh else cache_folder())
        self._faults: dict[str, str] = {}
        for record in stated or ():
            self._keep(record)
        if stated is None:
            self._faults = {n: fault for n, each in self._networks.items() if (fault := each.fault)}
        if (study.confirm or fresh) and self._faults:
            name, fault = next(iter(self._faults.items()))
            raise InputError(f"confirm: {name} cannot be executed: {fault}")

    def until_works(self, find: Callable[[Study], T], chips_of: Callable[[T], Sequence[Chip]]) -> T:
        """What a method finds once its chips work, or as many were executed as may be.

        Args:
            find: the method, for the study without the circuits that failed.
            chips_of: the chips of an answer.

        Raises:
            Infeasible: no chip is left; says which were executed.
        """
        while True:
            try:
                found = find(self.study)
            except Infeasible as error:
                raise self._with_executions(error) from None
            if self.works(chips_of(found)) or self._is_over:
                return found

    def stated(self, chips: Sequence[Chip]) -> dict[str, Any]:
        """Fields `executed` and `confirmation` of an answer with these chips."""
        return {
            "executed": tuple(record.to_json() for record in self.executed),
            "confirmation": self.state(chips),
        }

    def works(self, chips: Sequence[Chip]) -> bool:
        """Execute networks on chips, until one fails; True if all work or cannot be executed."""
        return all(self._works(chip, name) for chip in chips for name in self._names(chip))

    def adopts(self, records: Sequence[Executed]) -> bool:
        """Repeat stated executions; True if all give the stated scores."""
        return all(self.repeats(record) for record in records)

    def repeats(self, stated: Executed) -> bool:
        """Repeat a stated execution; True if it gives the stated scores.

        A network that cannot be executed here is taken as it is stated.
        """
        if stated.network not in self._networks:
            return False
        if stated.network in self._faults:
            self._keep(stated)
            return True
        try:
            design = with_circuit(self._any_design, stated.circuit)
        except (KeyError, ValueError):
            return False
        return self._executed(design, stated.network) == stated

    def fault(self, stated: Executed) -> str:
        """Why a record is not of the study, or its verdict does not follow; empty if it is true as
        far as can be told without an execution."""
        name = stated.network
        if name not in self._networks:
            return f"{name} is not executed in this study"
        try:
            with_circuit(self._any_design, stated.circuit)
        except (KeyError, ValueError) as error:
            return f"its circuit is none: {error}"
        expected = self._about(name)
        if differs := [key for key in expected if getattr(stated, key) != expected[key]]:
            return f"other {differs[0]} of {name}"
        if stated.excess < 0 or (stated.loss - stated.allowed > stated.excess + ROUNDING):
            return f"the verdict on {name} does not follow from its loss"
        return ""

    def state(self, chips: Sequence[Chip]) -> str:
        """What executions say of chips, with the reason; empty if nothing is to be executed."""
        pairs = [(chip, name) for chip in chips for name in self._names(chip)]
        if not pairs:
            return ""
        records = {name: self._record(self._design(chip), name) for chip, name in pairs}
        if name := next((n for n in records if n in self._faults), ""):
            return f"{NOT_CONFIRMED}: {name}: {self._faults[name]}"
        failing = [each for each in records.values() if each is not None and not each.works]
        if failing:
            return f"{NOT_CONFIRMED}: {failing[0].text}"
        if name := next((n for n, record in records.items() if record is None), ""):
            return f"{NOT_CONFIRMED}: {name} is not executed"
        is_clear = all(each.clear for each in records.values() if each is not None)
        return CONFIRMED if is_clear else UNDECIDED

    @property
    def _is_over(self) -> bool:
        return self._ended() or len(self.executed) >= MOST_EXECUTED

    def _names(self, chip: Chip) -> list[str]:
        """Networks to execute on a chip."""
        return [name for name in self._networks if chip.network in ("", name)]

    def _works(self, chip: Chip, name: str) -> bool:
        design = self._design(chip)
        if name in self._faults or (self._is_over and self._record(design, name) is None):
            return True
        return self._executed(design, name).works

    def _executed(self, design: Designs, name: str) -> Executed:
        """The record of a network on a design, executed unless it was before."""
        if known := self._record(design, name):
            return known
        about = self._about(name)
        (circuit,) = self._model.circuits(design, name)
        execution, loss = self._networks[name].until_clear(circuit, about["allowed"])
        record = Executed.of(execution, loss, network=name, circuit=_columns(design), **about)
        self._keep(record)
        self._on_executed(record)
        return record

    def _about(self, name: str) -> dict[str, Any]:
        """Fields of the records of a network that are alike on all circuits."""
        about = self._networks[name].data.about
        return {
            "allowed": (self._of_study.accuracy or {})[name].max_drop,
            "settings": _settings(self._of_study, name),
            "files": {kind: about[f"{kind}_sha256"] for kind in ("network", "data")},
        }

    def _keep(self, record: Executed) -> None:
        """Keep a record; if it fails, the study excludes its circuit."""
        if record in self.executed:
            return
        self.executed.append(record)
        if not record.works:
            self.study = self.study.replace(failed=failed_circuits(self.executed))

    def _record(self, design: Designs, name: str) -> Executed | None:
        """The record of a network on the circuit of a design; None if it was not executed."""
        circuit = _columns(design)
        alike = (e for e in self.executed if e.network == name and e.circuit == circuit)
        return next(alike, None)

    @cached_property
    def _model(self) -> PhysicalEvaluator:
        """The physical model of the study; circuits do not depend on those that failed."""
        return cast("PhysicalEvaluator", self._of_study.cost_model().shipped)

    def _design(self, chip: Chip) -> Designs:
        return self._model.designs(chip.levels)

    @cached_property
    def _any_design(self) -> Designs:
        return self._model.designs(np.zeros((1, len(self.study.space.names)), np.int64))

    def _with_executions(self, error: Infeasible) -> Infeasible:
        """The error that no chip is left, with the circuits that were executed."""
        if failing := [each.text for each in self.executed if not each.works]:
            error.args = (f"{error}; executed and excluded: {'; '.join(failing)}", *error.args[1:])
        return error


def executed_networks(study: Study, cache: Path | None) -> dict[str, ExecutedNetwork]:
    """Networks of a study that are executed before an answer is given, by name.

    Args:
        study: the study.
        cache: folder for stored scores. If None, nothing is read or stored.
    """
    limited = {n: f for n, f in (study.accuracy or {}).items() if f.max_drop is not None}
    if study.confirm is False or not limited or any(map(is_exact, _devices(study))):
        return {}
    digital, networks = study.layers_digital or {}, study.network_set()
    macs = dict(zip(networks.names, networks.macs / np.array(networks.images), strict=True))
    return {
        name: ExecutedNetwork(
            AccuracyData.read(Path(file.path)),
            Path(file.path).parent,
            macs=float(macs[name]),
            digital=digital.get(name, ()),
            cache=cache,
        )
        for name, file in limited.items()
    }


def _devices(study: Study) -> Sequence[str]:
    return [str(device) for device in study.space.values_of("device")]


def _columns(design: Designs) -> dict[str, str | int]:
    """Parameters of the circuit of one design."""
    return {name: values[0].item() for name, values in circuit_columns(design).items()}


def _settings(study: Study, name: str) -> dict[str, object]:
    """Settings of a network that decide its scores, as JSON values."""
    (network,) = (each for each in study.networks if each.name == name)
    return {
        "input_bits": network.input_bits,
        "weight_bits": network.weight_bits,
        "weight_clip": network.weight_clip,
        "layers_digital": list(network.layers_digital),
    }
