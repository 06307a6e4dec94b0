"""Metrics of an evaluation and costs by layer: named arrays over designs and networks, SI units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from imcmoo.arrays import Bools, Floats, Values
from imcmoo.io.errors import OwnCodeError
from imcmoo.io.units import display_column, to_display

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Quantity:
    """A quantity by which designs are compared.

    Args:
        name: name, such as `energy`.
        unit: SI unit; empty if there is none.
        per_workload: True for one value per network, False for one per chip.
        sense: "min" if less is better, "max" if more is.
        scale: "ratio" for positive values compared by ratios; "interval" for values of any sign
            compared by differences (decibels).
        bound: larger than the value of any design. Designs that do not run get such values, so that
            all others dominate them.
    """

    name: str
    unit: str
    per_workload: bool = True
    sense: Literal["min", "max"] = "min"
    scale: Literal["ratio", "interval"] = "ratio"
    bound: float = 1e30

    @property
    def column(self) -> str:
        """Name of its column in tables, with unit."""
        return f"{self.name}_{self.unit}" if self.unit else self.name

    def columns(self, workloads: Iterable[str]) -> list[str]:
        """Names of its columns in tables, one per network or one for the chip, with unit."""
        if not self.per_workload:
            return [self.column]
        unit = f"_{self.unit}" if self.unit else ""
        return [f"{self.name}_{workload}{unit}" for workload in workloads]


OPERATIONS_PER_MAC = 2
TERA = 1e12

ENERGY = Quantity("energy", "J", bound=1e6)
LATENCY = Quantity("latency", "s", bound=1e6)
AREA = Quantity("area", "m2", per_workload=False, bound=1e6)


def edp(energy: Floats, latency: Floats) -> Floats:
    """Energy-delay product, J·s.

    Args:
        energy: J, any shape.
        latency: s, same shape.

    Returns:
        The product, same shape; NaN where either is NaN (the network does not run).
    """
    return energy * latency


def tera_operations_per(macs: Floats, amount: Floats) -> Floats:
    """10¹² operations per second (TOPS) or per joule (TOPS/W); a multiply-accumulate counts as two.

    Args:
        macs: multiply-accumulates per inference of each network, shape (W,).
        amount: time, s, or energy, J, per inference, shape (n, W) or (W,).
    """
    return OPERATIONS_PER_MAC * macs / amount / TERA


@dataclass(frozen=True)
class Resource:
    """Capacity of chips for one resource, and the capacity shortfall of each network.

    Args:
        own: capacity of the chip, positive, shape (n,).
        missing: shortfall of each network, 0 where it runs, shape (n, W).
    """

    own: Floats
    missing: Floats


def check_values(metrics: Any, quantities: Sequence[Quantity], n: int, n_workloads: int) -> None:
    """Check that a cost model returned every quantity of `n` designs.

    Raises:
        OwnCodeError: names the quantity and its required shape.
    """
    if not isinstance(metrics, Metrics):
        raise OwnCodeError(f"a cost model must give Metrics, not {type(metrics).__name__}")
    for q in quantities:
        shape = (n, n_workloads) if q.per_workload else (n,)
        _check_array(metrics.values.get(q.name), q.name, shape)


def check_resources(metrics: Any, names: Sequence[str], n_workloads: int) -> None:
    """Check that a cost model returned every resource.

    Raises:
        OwnCodeError: names all that are left out, or the resource and its required shape.
    """
    if not isinstance(metrics, Metrics):
        raise OwnCodeError(f"a cost model must give Metrics, not {type(metrics).__name__}")
    if lacking := [name for name in names if name not in metrics.resources]:
        raise OwnCodeError(
            f"Metrics lack the resources {', '.join(lacking)}, which the cost model names: give a "
            "Resource of each, with missing = 0 where a network runs"
        )
    for name in names:
        resource = metrics.resources[name]
        n = len(np.atleast_1d(resource.own))
        _check_array(resource.own, f"{name}, own", (n,))
        _check_array(resource.missing, f"{name}, missing", (n, n_workloads))


def _check_array(given: Any, name: str, shape: tuple[int, ...]) -> None:
    is_array = isinstance(given, np.ndarray) and not np.ma.isMaskedArray(given)
    if not is_array or given.shape != shape or given.dtype.kind not in "fiub":
        kind = f"{given.dtype} {given.shape}" if is_array else type(given)
        kind = kind if isinstance(kind, str) else kind.__name__
        raise OwnCodeError(
            f"a cost model must give '{name}' as numbers of shape {shape}, not {kind}"
        )


@dataclass(frozen=True)
class Metrics:
    """Result of an evaluation: quantities, and capacity shortfalls.

    Return one from `CostModel.evaluate`.

    Args:
        values: by name of the quantity, shape (n, W), or (n,) for a quantity of the chip; NaN where
            a network does not run. May hold more than the objectives, such as `utilization`.
        resources: by name; every one of `resource_names` of the cost model.
    """

    values: Mapping[str, Floats]
    resources: Mapping[str, Resource] = field(default_factory=dict)

    @property
    def energy_J(self) -> Floats:
        """Energy per inference, J, shape (n, W)."""
        return self.values["energy"]

    @property
    def latency_s(self) -> Floats:
        """Latency per inference, s, shape (n, W)."""
        return self.values["latency"]

    @property
    def area_m2(self) -> Floats:
        """Area of the chip, m², shape (n,)."""
        return self.values["area"]

    @property
    def runs(self) -> Bools:
        """True where a network runs on a design, shape (n, W).

        Shape (n, 1) without resources and without values by network.
        """
        if not self.resources:
            n = [len(v) for v in self.values.values()][:1]
            widths = [v.shape[1] for v in self.values.values() if v.ndim == 2] or [1]
            return np.ones((*n, widths[0]), dtype=bool)
        missing = [resource.missing for resource in self.resources.values()]
        return np.logical_and.reduce([m <= 0 for m in missing])

    def to_frame(self, quantities: Sequence[Quantity], workloads: Sequence[str]) -> pd.DataFrame:
        """Table with one row per design and network, designs outermost.

        Args:
            quantities: quantities of the model; they name the columns and units (areas in mm²).
            workloads: names of the networks, in the order of the arrays.

        Returns:
            Columns: design (index in the batch), workload, quantities of the network, quantities of
            the chip, runs, and missing_<resource> (whole numbers).
        """
        import pandas as pd  # imported when used: it takes a third of a second

        n_workloads = len(workloads)
        n = len(self.runs)
        columns: dict[str, Values] = {
            "design": np.repeat(np.arange(n), n_workloads),
            "workload": np.tile(np.asarray(workloads), n),
        }
        for q in sorted(quantities, key=lambda q: not q.per_workload):
            quantity = self.values[q.name]
            values = quantity.ravel() if q.per_workload else np.repeat(quantity, n_workloads)
            columns[display_column(q.column)] = to_display(q.unit, values)
        columns["runs"] = self.runs.ravel()
        for name, resource in self.resources.items():
            columns[f"missing_{name}"] = np.ceil(resource.missing).astype(np.int64).ravel()
        return pd.DataFrame(columns)

    def take(self, rows: Values | slice) -> Metrics:
        """Metrics of the designs of an index, mask or slice."""
        return Metrics(
            {name: values[rows] for name, values in self.values.items()},
            {name: Resource(r.own[rows], r.missing[rows]) for name, r in self.resources.items()},
        )

    @classmethod
    def joined(cls, parts: Iterable[Metrics]) -> Metrics:
        """Concatenate metrics of several batches; keeps the values that all batches have."""
        parts = list(parts)
        if not parts:
            return cls({}, {})
        names = [n for n in parts[0].values if all(n in part.values for part in parts)]
        return cls(
            {name: np.concatenate([p.values[name] for p in parts]) for name in names},
            {
                name: Resource(
                    np.concatenate([p.resources[name].own for p in parts]),
                    np.concatenate([p.resources[name].missing for p in parts]),
                )
                for name in parts[0].resources
            },
        )


DRAM_DETAILS = ("dram_weights_MB", "dram_cache_MB", "dram_floor_s")
"""Details of networks with a cache: weights and cache through DRAM an inference, and the time of
all that goes there."""


@dataclass(frozen=True, eq=False, kw_only=True)
class LayerCosts:
    """Costs of n designs by layer; optional figures are None if unknown.

    Args:
        layers: network and name of each of the L layers.
        components: names of the K components.
        energy_J: J, shape (n, L, K).
        area_m2: m², shape (n, K).
        latency_s: s, shape (n, L). For sequential layers the sum is the latency of the network.
        utilization: array utilization of each layer, shape (n, L).
        causes: names of the possible bottlenecks.
        bound_by: bottleneck of each layer, as an index into `causes`, shape (n, L); undefined where
            the network does not run.
        details: further figures of the networks, shape (n, W) each, by name with unit. Two have a
            fixed meaning: `utilization` (share of the cells) and `bound_by` (name of the
            bottleneck).
    """

    layers: Sequence[tuple[str, str]]
    components: Sequence[str]
    energy_J: Floats
    area_m2: Floats
    latency_s: Floats | None = None
    utilization: Floats | None = None
    causes: Sequence[str] = ()
    bound_by: NDArray[np.int64] | None = None
    details: Mapping[str, Values] = field(default_factory=dict)

    def take(self, rows: NDArray[np.int64]) -> Self:
        """Costs of the designs of an index."""
        arrays: Any = {n: v[rows] for n, v in vars(self).items() if isinstance(v, np.ndarray)}
        return replace(self, **arrays, details={n: v[rows] for n, v in self.details.items()})
