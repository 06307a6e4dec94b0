"""Metrics of an evaluation and costs by layer: named arrays over designs and networks, SI units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from imcmoo.arrays import Bools, Floats
from imcmoo.io.errors import OwnCodeError
from imcmoo.io.units import display_column, to_display

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Quantity:
    """Something designs are compared by.

    Args:
        name: such as `energy`.
        unit: SI unit, empty where there is none.
        per_workload: whether every network has its own, or the chip has one.
        sense: whether less or more of it is better.
        scale: "ratio" if all values are positive and what counts are ratios between them;
            "interval" if values may have any sign and what counts are differences (decibels).
        bound: no design has a value as large as this; what does not run is given such values, so
            that it loses against all that does.
    """

    name: str
    unit: str
    per_workload: bool = True
    sense: Literal["min", "max"] = "min"
    scale: Literal["ratio", "interval"] = "ratio"
    bound: float = 1e30

    @property
    def column(self) -> str:
        """Name of the column of its values, unit included, of one network or of the chip."""
        return f"{self.name}_{self.unit}" if self.unit else self.name

    def columns(self, workloads: Iterable[str]) -> list[str]:
        """Names of the columns of its values side by side, unit included."""
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
    """Energy-delay product in J·s.

    Args:
        energy: J, any shape.
        latency: s, same shape.

    Returns:
        The product, same shape; NaN where either is NaN (a network that does not map).
    """
    return energy * latency


def tera_operations_per(macs: Floats, amount: Floats) -> Floats:
    """10¹² operations per second (TOPS) or per joule (TOPS/W), two a multiply-accumulate.

    Args:
        macs: multiply-accumulates of one inference of each network, shape (W,).
        amount: s or J of one inference, shape (n, W) or (W,).
    """
    return OPERATIONS_PER_MAC * macs / amount / TERA


@dataclass(frozen=True)
class Resource:
    """Capacity of chips for one resource, and capacity shortfall of each network.

    Args:
        own: of the chip, positive, shape (n,).
        missing: capacity shortfall of each network, 0 where it runs, shape (n, W).
    """

    own: Floats
    missing: Floats


def check_values(metrics: Any, quantities: Sequence[Quantity], n: int, n_workloads: int) -> None:
    """Check that a cost model gave every quantity, of `n` designs.

    Raises:
        OwnCodeError: it did not; names the quantity and the shape it must have.
    """
    if not isinstance(metrics, Metrics):
        raise OwnCodeError(f"a cost model must give Metrics, not {type(metrics).__name__}")
    for q in quantities:
        shape = (n, n_workloads) if q.per_workload else (n,)
        _check_array(metrics.values.get(q.name), q.name, shape)


def check_resources(metrics: Any, names: Sequence[str], n_workloads: int) -> None:
    """Check that a cost model gave every resource.

    Raises:
        OwnCodeError: it did not; names the resource and the shape it must have.
    """
    if not isinstance(metrics, Metrics):
        raise OwnCodeError(f"a cost model must give Metrics, not {type(metrics).__name__}")
    for name in names:
        resource = metrics.resources.get(name)
        if resource is None:
            raise OwnCodeError(f"a cost model must give the resource '{name}', which it names")
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
    """Values of quantities, and what is missing for networks to run.

    Args:
        values: by name of a quantity, shape (n, W), or (n,) for one of the chip; NaN where a
            network does not run. There may be others than the objectives, such as `utilization`.
        resources: by name.
    """

    values: Mapping[str, Floats]
    resources: Mapping[str, Resource]

    @property
    def energy_J(self) -> Floats:
        """Energy of one inference, shape (n, W)."""
        return self.values["energy"]

    @property
    def latency_s(self) -> Floats:
        """Latency of one inference, shape (n, W)."""
        return self.values["latency"]

    @property
    def area_m2(self) -> Floats:
        """Area of the chip, shape (n,)."""
        return self.values["area"]

    @property
    def runs(self) -> Bools:
        """True where a network lacks nothing on a design, so that it runs, shape (n, W).

        Shape (n, 1) where nothing can be lacked and no value is by network.
        """
        if not self.resources:
            n = [len(v) for v in self.values.values()][:1]
            widths = [v.shape[1] for v in self.values.values() if v.ndim == 2] or [1]
            return np.ones((*n, widths[0]), dtype=bool)
        missing = [resource.missing for resource in self.resources.values()]
        return np.logical_and.reduce([m <= 0 for m in missing])

    def to_frame(self, quantities: Sequence[Quantity], workloads: Sequence[str]) -> pd.DataFrame:
        """A tidy table, one row per design and network, designs outermost.

        Args:
            quantities: of the model, which name the columns and their units (areas in mm²).
            workloads: names of the networks, in the order of the arrays.

        Returns:
            Columns design (its place in the batch), workload, the quantities of the network, then
            those of the chip, runs, and missing_<resource> (whole numbers).
        """
        import pandas as pd  # imported when used: it takes a third of a second

        n_workloads = len(workloads)
        n = len(self.runs)
        columns: dict[str, NDArray[Any]] = {
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

    def take(self, rows: NDArray[Any] | slice) -> Metrics:
        """Metrics of the designs of an index, mask or slice."""
        return Metrics(
            {name: values[rows] for name, values in self.values.items()},
            {name: Resource(r.own[rows], r.missing[rows]) for name, r in self.resources.items()},
        )

    @classmethod
    def joined(cls, parts: Iterable[Metrics]) -> Metrics:
        """Metrics of several batches of designs as one, with the values that all batches have."""
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


@dataclass(frozen=True, eq=False, kw_only=True)
class LayerCosts:
    """Costs of n designs, layer by layer; optional figures are None where a model lacks them.

    Args:
        layers: network and name of each of the L layers.
        components: names of the K components.
        energy_J: shape (n, L, K).
        area_m2: shape (n, K).
        latency_s: shape (n, L); where layers run one after the other, their sum is the latency of
            the network.
        utilization: share of the cells that a layer keeps busy, shape (n, L).
        causes: names of the possible bottlenecks.
        bound_by: bottleneck as index into `causes`, shape (n, L); without meaning where a layer
            does not run.
    """

    layers: Sequence[tuple[str, str]]
    components: Sequence[str]
    energy_J: Floats
    area_m2: Floats
    latency_s: Floats | None = None
    utilization: Floats | None = None
    causes: Sequence[str] = ()
    bound_by: NDArray[np.int64] | None = None
