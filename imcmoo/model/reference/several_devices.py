"""One design space with chips of several devices: each design is costed by its own device."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from imcmoo.hardware.component_table import ComponentTable
from imcmoo.model.metrics import Metrics, Resource
from imcmoo.model.reference.breakdown import Breakdown
from imcmoo.model.reference.chips import Deployment
from imcmoo.model.reference.evaluator import Evaluator, Rounding
from imcmoo.model.reference.mapping import Floats, Ints
from imcmoo.networks.workloads import BITS, WorkloadSet
from imcmoo.space.design_space import DesignSpace, Levels


class SeveralDevices:
    """The reference model where `device` is a parameter.

    Args:
        space: has `device` among its parameters.
        models: the model of each of its values, in order, over the space without it.

    Raises:
        ValueError: as `Evaluator`.
    """

    quantities = Evaluator.quantities
    resource_names = Evaluator.resource_names

    def __init__(self, space: DesignSpace, models: tuple[Evaluator, ...]) -> None:
        self.space = space
        self._models = models
        self._at = space.names.index("device")
        self.body_parameters = self._union([m.body_parameters for m in models])
        self.screened_by = self._union([m.screened_by for m in models])

    @property
    def workload_names(self) -> list[str]:
        """Names of the networks, in the order of the columns of all metrics."""
        return self._models[0].workload_names

    @property
    def macs(self) -> Ints:
        """Multiply-accumulates of one inference of each network, shape (W,)."""
        return self._models[0].macs

    @property
    def data_digest(self) -> str:
        """SHA-256 (hex) of all that the models depend on."""
        return hashlib.sha256("".join(m.data_digest for m in self._models).encode()).hexdigest()

    def only(self, name: str) -> SeveralDevices:
        """The model of one of the networks alone."""
        return SeveralDevices(self.space, tuple(m.only(name) for m in self._models))

    def apart(self) -> SeveralDevices:
        """The model of chips that need hold one network at a time."""
        return SeveralDevices(self.space, tuple(m.apart() for m in self._models))

    def prepare(self, area_limit_m2: float, at_most: int) -> None:
        """As `Evaluator.prepare`."""
        for model in self._models:
            model.prepare(area_limit_m2, at_most)

    def screen(self, levels: Levels) -> Metrics:
        """As `Evaluator.screen`."""
        return self._gathered(levels, lambda model, own: model.screen(own))

    def resources(self, levels: Levels) -> Metrics:
        """As `Evaluator.resources`."""
        return self._gathered(levels, lambda model, own: model.resources(own))

    def evaluate(self, levels: Levels, rounding: Rounding = "none") -> Metrics:
        """As `Evaluator.evaluate`."""
        self.space.validate(levels)
        return self._gathered(levels, lambda model, own: model.evaluate(own, rounding))

    def breakdown(self, levels: Levels, rounding: Rounding = "none") -> Breakdown:
        """As `Evaluator.breakdown`, with the components of all devices; 0 where a chip has none."""
        parts = [(rows, m.breakdown(own, rounding)) for rows, m, own in self._parts(levels)]
        first = parts[0][1]
        names = list(dict.fromkeys(name for _, part in parts for name in part.components))
        n, n_layers = len(levels), len(first.layers)
        energy, area = np.zeros((n, n_layers, len(names))), np.zeros((n, len(names)))
        cycles, latency, utilization = (np.zeros((n, n_layers)) for _ in range(3))
        for rows, part in parts:
            columns = [names.index(name) for name in part.components]
            energy[np.ix_(rows, range(n_layers), columns)] = part.energy_J
            area[np.ix_(rows, columns)] = part.area_m2
            cycles[rows], latency[rows] = part.cycles, part.latency_s
            utilization[rows] = part.utilization
        return Breakdown(first.layers, names, energy, cycles, latency, utilization, area)

    def used(self, levels: Levels) -> dict[str, Floats]:
        """As `Evaluator.used`; of each resource that some device's chips can tell, 0 elsewhere."""
        found: dict[str, Floats] = {}
        for rows, model, own in self._parts(levels):
            for name, share in model.used(own).items():
                whole = found.setdefault(name, np.zeros((len(levels), share.shape[1])))
                whole[rows] = share
        return found

    def _union(self, names: list[tuple[str, ...]]) -> tuple[str, ...]:
        """Names of any of the models, and `device`, in the order of the space."""
        wanted = {"device", *(name for own in names for name in own)}
        return tuple(name for name in self.space.names if name in wanted)

    def _parts(self, levels: Levels) -> list[tuple[Any, Evaluator, Levels]]:
        """For each device that occurs: rows, model, and their levels without the device."""
        own = np.delete(levels, self._at, axis=1)
        rows = [np.flatnonzero(levels[:, self._at] == k) for k in range(len(self._models))]
        return [
            (at, model, own[at])
            for at, model in zip(rows, self._models, strict=True)
            if len(at) or not len(levels)
        ]

    def _gathered(self, levels: Levels, ask: Callable[[Evaluator, Levels], Metrics]) -> Metrics:
        """Metrics by device, put back into the order of the designs."""
        parts = self._parts(levels)
        order = np.argsort(np.concatenate([rows for rows, _, _ in parts]), kind="stable")
        joined = Metrics.joined(ask(model, own) for _, model, own in parts)
        return Metrics(
            {name: values[order] for name, values in joined.values.items()},
            {
                name: Resource(r.own[order], r.missing[order])
                for name, r in joined.resources.items()
            },
        )


def reference_model(
    space: DesignSpace,
    workloads: WorkloadSet,
    *,
    deployment: Deployment = "alone",
    scaling: str = "reference",
    components: str | None = None,
    precision: Mapping[str, tuple[int, int]] | None = None,
    objectives: Sequence[str] = (),
) -> Evaluator | SeveralDevices:
    """The paper's cost model over a space, whatever is a parameter in it and what is fixed.

    Args:
        space: needs the parameters of `ChipModel`; `device` may be a parameter, too.
        workloads: the networks.
        deployment: whether resident weights share a chip "alone" or "together" with the others'.
        scaling: technology scaling of the component table.
        components: the path of a component table of one's own; the shipped one by default.
        precision: bits of inputs and of weights by network; the model knows 8 only.
        objectives: beside energy, latency and area; the model has none.

    Raises:
        ValueError: the space lacks a parameter, the table a component, a scaling is unknown, or a
            precision other than 8 bits or a further objective is asked for.
    """
    if objectives:
        raise ValueError(
            f"the reference model gives energy, latency and area, not {', '.join(objectives)}"
        )
    for name, bits in (precision or {}).items():
        if bits != (BITS, BITS):
            raise ValueError(
                f"the reference model knows inputs and weights of {BITS} bits only; {name} has "
                f"input_bits {bits[0]} and weight_bits {bits[1]}"
            )
    table = ComponentTable.load(components, scaling=scaling)
    if "device" not in space.names:
        return Evaluator(space, workloads, table, deployment=deployment)
    models = tuple(
        Evaluator(space.fix("device", value), workloads, table, deployment=deployment)
        for value in space.values_of("device")
    )
    return SeveralDevices(space, models)
