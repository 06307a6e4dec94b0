"""Limits of the costs of each network, as constraints of the problem."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from imcmoo.arrays import Bools, Floats
from imcmoo.scenario.service import NETWORK_LOAD, NETWORK_POWER

SHORTEST_S = 1e-30
"""Below any initiation interval, s."""

UNKNOWN_OCTAVES = 64.0
"""Violation of the limits of a network that does not run: above that of any network that runs."""


def with_interval(bounds: Mapping[str, Floats]) -> dict[str, Floats]:
    """Add a lower bound of the interval that excludes nothing to bounds (n, W) that have none."""
    if "interval" in bounds:
        return dict(bounds)
    return {"interval": np.full(bounds["latency"].shape, SHORTEST_S), **bounds}


@dataclass(frozen=True)
class Limits:
    """Limits of one network, per inference, which may be of several images. None means no limit.

    Raises:
        ValueError: a limit is not positive and finite.
    """

    max_latency_s: float | None = None  # longest latency, s
    max_energy_J: float | None = None  # largest energy, J
    max_power_W: float | None = None  # largest energy over latency, W
    min_fps: float | None = None
    """Fewest images per second: over the interval, or the latency if the model has no interval."""
    min_tokens_per_s: float | None = None
    """Fewest tokens per second of the step of a language model, as `min_fps`."""
    max_token_energy_J: float | None = None  # largest energy per token of such a step, J
    max_load: float | None = None
    """Largest load as a share of the capacity of the chip for the network, in a scenario."""
    max_average_power_W: float | None = None
    """Largest average power of the chip with its DRAM, W, in a scenario; the same for all networks
    of a chip."""

    def __post_init__(self) -> None:
        for key, value in self.given().items():
            if not 0 < value < float("inf"):
                raise ValueError(f"{key} must be positive and finite, got {value:g}")

    def given(self) -> dict[str, float]:
        """The limits that are set, by name."""
        limits = {f.name: getattr(self, f.name) for f in fields(self)}
        return {key: value for key, value in limits.items() if value is not None}


@dataclass(frozen=True)
class _Kind:
    """One kind of limit: the quantities it needs, and the used share of the limit. Its value
    depends on quantities (n, W) and on the images of an inference (W,)."""

    needs: tuple[str, ...]
    value: Callable[[Mapping[str, Floats], Floats], Floats]
    unit: str
    at_least: bool = False
    monotone: bool = True
    of_chip: bool = False
    of_time: bool = False  # depends on what else the chip does

    def share(self, values: Mapping[str, Floats], images: Floats, limit: float) -> Floats:
        """Above 1 where the limit is broken, shape (n, W)."""
        value = self.value(values, images)
        with np.errstate(divide="ignore"):  # of infinite times
            return limit / value if self.at_least else value / limit


_IMAGES_PER_S = _Kind(
    ("latency",),
    lambda v, images: images / v.get("interval", v["latency"]),
    "fps",
    at_least=True,
    of_time=True,
)

_KINDS: dict[str, _Kind] = {
    "max_latency_s": _Kind(("latency",), lambda v, images: v["latency"], "s", of_time=True),
    "max_energy_J": _Kind(("energy",), lambda v, images: v["energy"], "J"),
    "max_power_W": _Kind(
        ("energy", "latency"), lambda v, images: v["energy"] / v["latency"], "W", monotone=False
    ),
    "min_fps": _IMAGES_PER_S,
    "min_tokens_per_s": replace(_IMAGES_PER_S, unit="tokens/s"),
    "max_token_energy_J": _Kind(("energy",), lambda v, images: v["energy"] / images, "J"),
    "max_load": _Kind(("load",), lambda v, images: v[NETWORK_LOAD], "of its capacity"),
    "max_average_power_W": _Kind(
        ("average_power",), lambda v, images: v[NETWORK_POWER], "W", of_chip=True
    ),
}


class NetworkLimits:
    """Limits of the networks of a problem.

    Constraints are log2(value / limit), in octaves, violated where positive. They require an
    evaluation.

    Args:
        limits: by network; other networks are ignored.
        networks: names, in the order of the columns of metrics.
        quantities: names of the quantities of the cost model.
        images: images of an inference of each network, length W; empty if it is one.

    Raises:
        ValueError: a limit needs a quantity that the model does not have.
    """

    def __init__(
        self,
        limits: Mapping[str, Limits],
        networks: Sequence[str],
        quantities: Collection[str],
        images: Sequence[int] = (),
    ) -> None:
        self._images = np.array(images or [1] * len(networks), dtype=float)
        self.networks = list(networks)
        self.given = {name: limits[name] for name in networks if name in limits}
        self.rows = [
            (w, key, limit)
            for w, name in enumerate(networks)
            for key, limit in limits.get(name, Limits()).given().items()
        ]
        for w, key, _ in self.rows:
            absent = [q for q in _KINDS[key].needs if q not in quantities]
            if absent:
                raise ValueError(
                    f"{key} of {networks[w]}: the cost model gives no {', '.join(absent)}"
                )

    def __bool__(self) -> bool:
        return bool(self.rows)

    @property
    def names(self) -> list[str]:
        """Names of the constraints: `max_latency_s_vgg16`."""
        return [f"{key}_{self.networks[w]}" for w, key, _ in self.rows]

    @property
    def limited(self) -> list[tuple[str, str]]:
        """Key of each limit, and its network; no network for a limit of the chip."""
        return [(key, "" if _KINDS[key].of_chip else self.networks[w]) for w, key, _ in self.rows]

    def is_monotone(self, key: str) -> bool:
        """True if less energy, latency and interval never break the limit."""
        return _KINDS[key].monotone

    def constraints(self, values: Mapping[str, Floats]) -> Floats:
        """Constraints, octaves, shape (n, n_limits).

        Args:
            values: by quantity, shape (n, W), NaN where a network does not run (`UNKNOWN_OCTAVES`).
        """
        G = np.log2(self._shares(values))
        return np.where(np.isnan(G), UNKNOWN_OCTAVES, G)

    def evaluated(self, values: Mapping[str, Floats]) -> Bools:
        """True where a limit could be evaluated, shape (n, n_limits); `values` as `constraints`.

        The load of a network that runs is unknown where another network does not run.
        """
        return ~np.isnan(self._shares(values))

    def _shares(self, values: Mapping[str, Floats]) -> Floats:
        """Used share of each limit, shape (n, n_limits); NaN where a quantity is unknown."""
        columns = [
            _KINDS[key].share(values, self._images, limit)[:, w] for w, key, limit in self.rows
        ]
        n = len(next(iter(values.values())))
        return np.stack(columns, axis=1) if columns else np.empty((n, 0))

    def within(self, values: Mapping[str, Floats]) -> Bools:
        """True where a network keeps its limits, shape (n, W)."""
        G = self.constraints(values)
        owner = np.array([w for w, _, _ in self.rows])
        kept = [(G[:, owner == w] <= 0).all(axis=1) for w in range(len(self.networks))]
        return np.stack(kept, axis=1) if len(owner) else np.ones((len(G), len(kept)), dtype=bool)

    def may_be_kept(self, bounds: Mapping[str, Floats]) -> Bools:
        """True where lower bounds of costs, shape (n, W), do not exclude that limits are met."""
        return self.within(with_interval(bounds))

    def broken(self, values: Mapping[str, Floats]) -> list[tuple[float, str]]:
        """Limits that one design breaks: factor, and a text with both values.

        Args:
            values: by quantity, shape (1, W), NaN where a network does not run.
        """
        broken: list[tuple[float, str]] = []
        for (w, key, limit), (_, network) in zip(self.rows, self.limited, strict=True):
            kind = _KINDS[key]
            factor = kind.share(values, self._images, limit)[0, w]
            value = kind.value(values, self._images)[0, w]
            if factor > 1 and np.isfinite(value):
                text = f"{value:.4g} {kind.unit} against {limit:g} {kind.unit}"
                of = f" of {network}" if network else ""
                if kind.of_time and len(self.networks) > 1:
                    of += ", while it runs alone"
                broken.append((float(factor), f"{key}{of}: {text}"))
        return [*dict.fromkeys(broken)]
