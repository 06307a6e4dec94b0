"""Draws of uncertain assumptions, and of the mix of networks.

    table = draw(Assumptions(), n=300, seed=1)
    model.with_assumptions(table.assumptions(0))

Each entry, a group of assumptions or the weight of a network, has its own stream of random numbers.
So an entry more changes no other one, and fewer draws are the first of more.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Literal

import numpy as np
from scipy.special import ndtri

from imcmoo.arrays import Floats
from imcmoo.model.physical.assumptions import Assumption, Assumptions

STATED, LIMITS, LOG_UNIFORM = "stated", "limits", "log_uniform"
READINGS = (STATED, LIMITS, LOG_UNIFORM)
"""Readings of the bands: each as its assumption states, or all alike."""

INTERVAL: Literal["interval90"] = "interval90"
HELD = "held"

ASSUMED = "assumed by the study"
NO_WIDTH = "its band has no width"
"""Why an assumption that may be drawn is not."""

WEIGHT = "weight:"
"""Beginning of the names of entries that are weights of networks."""

LEAST_WEIGHT = 1e-6

MEDIAN = 0.5
SMALLEST_U = 2.0**-53
"""Quantiles below this one, and above its complement, are not told apart."""

UPPER_END = float(ndtri(0.95))
"""Standard deviations from the median to the upper end of a 90 % interval."""


def quantiles(u: Floats, known: Assumption, spread: str) -> Floats:
    """Values of an assumption at quantiles, shape as `u`.

    Args:
        u: quantiles, 0 to 1.
        known: value, band and physical limits.
        spread: "interval90" is log-normal on each side of the value, with the band from 5 to 95 %;
            "limits" is triangular with the value as mode; "log_uniform" is uniform. The last two
            are of the logarithm where the band is above 0.
    """
    if spread == INTERVAL:
        steps = ndtri(np.clip(u, SMALLEST_U, 1 - SMALLEST_U)) / UPPER_END
        ratio = np.where(steps > 0, known.high / known.value, known.value / known.low)
        return np.clip(known.value * ratio**steps, known.least, known.most)
    on_log = known.low > 0
    ends = known.low, known.value, known.high
    low, mode, high = map(math.log, ends) if on_log else ends
    if spread == LOG_UNIFORM:
        values = low + u * (high - low)
    else:
        rising = low + np.sqrt(u * (high - low) * (mode - low))
        falling = high - np.sqrt((1 - u) * (high - low) * (high - mode))
        values = np.where(u * (high - low) <= mode - low, rising, falling)
    return np.exp(values) if on_log else np.asarray(values)


def stream(name: str, n: int, seed: int) -> Floats:
    """The first n random numbers of an entry, uniform in [0, 1), shape (n,)."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())]).random(n)


def weights_of(u: Floats) -> Floats:
    """Weights of W networks, uniform over all mixes, with sum W, shape (n, W) as `u`."""
    shares = -np.log1p(-u)
    weights: Floats = u.shape[1] * shares / shares.sum(axis=1, keepdims=True)
    return np.maximum(weights, LEAST_WEIGHT)


@dataclass(frozen=True)
class Uncertain:
    """An assumption as it is drawn.

    Args:
        name: of the assumption.
        known: its value and its band.
        spread: see `quantiles`; "held" if it is not drawn.
        why_held: why it is not drawn; empty if it is.
    """

    name: str
    known: Assumption
    spread: str
    why_held: str = ""

    @property
    def entry(self) -> str:
        """Name of its group, or its own."""
        return self.known.group or self.name

    def at(self, u: Floats) -> Floats:
        """Its values at quantiles of its entry, shape as `u`."""
        return quantiles(1 - u if self.known.falls else u, self.known, self.spread)

    @property
    def median(self) -> float:
        """Its value at median costs; the assumed one if it is not drawn."""
        return self.known.value if self.why_held else float(self.at(np.array([MEDIAN]))[0])


@dataclass(frozen=True, eq=False)
class DrawTable:
    """Draws of assumptions and weights: a row each, in the order of `entries`.

    Args:
        base: assumptions that are not drawn, and values of the others as assumed.
        all: every assumption as it is drawn, in the order of `Assumptions`.
        networks: networks whose weights are drawn; empty for none.
        n, seed: number of draws, and seed of their streams.
    """

    base: Assumptions
    all: Sequence[Uncertain]
    networks: Sequence[str]
    n: int
    seed: int

    @cached_property
    def drawn(self) -> list[Uncertain]:
        """The assumptions that are drawn."""
        return [one for one in self.all if not one.why_held]

    @property
    def groups(self) -> tuple[str, ...]:
        """Entries that are groups of assumptions."""
        drawn = {one.entry for one in self.drawn}
        return tuple(dict.fromkeys(one.entry for one in self.all if one.entry in drawn))

    @property
    def entries(self) -> tuple[str, ...]:
        """Names of the columns: groups by their first member, then weights."""
        return (*self.groups, *(f"{WEIGHT}{name}" for name in self.networks))

    @cached_property
    def u(self) -> Floats:
        """Random numbers, shape (n, n_entries)."""
        columns = [stream(name, self.n, self.seed) for name in self.entries]
        return np.stack(columns, axis=1) if columns else np.empty((self.n, 0))

    @cached_property
    def values(self) -> dict[str, Floats]:
        """Values of drawn assumptions by name, SI units, shape (n,) each."""
        column = dict(zip(self.entries, self.u.T, strict=True))
        return {one.name: one.at(column[one.entry]) for one in self.drawn}

    @cached_property
    def weights(self) -> Floats | None:
        """Weights of the networks, shape (n, W); None if they are not drawn."""
        return weights_of(self.u[:, len(self.groups) :]) if self.networks else None

    def assumptions(self, at: int, moved: Collection[str] = ()) -> Assumptions:
        """Assumptions of a draw.

        Args:
            at: index of the draw.
            moved: groups that have their values of the next draw instead.
        """
        return self.base.drawn(
            {
                one.name: float(self.values[one.name][(at + (one.entry in moved)) % self.n])
                for one in self.drawn
            }
        )

    @property
    def median_assumptions(self) -> Assumptions:
        """Assumptions at median costs: every drawn one at its median."""
        return self.base.drawn({one.name: one.median for one in self.drawn})


def draw(
    base: Assumptions,
    *,
    n: int,
    seed: int = 1,
    reading: str = STATED,
    assumed: Sequence[str] = (),
    bands: Mapping[str, tuple[float, float]] | None = None,
    networks: Sequence[str] = (),
) -> DrawTable:
    """Draw assumptions within their bands.

    Args:
        base: assumptions of the cost model, with their bands.
        n: number of draws.
        seed: seed of all streams.
        reading: one of `READINGS`.
        assumed: names of assumptions that keep their value.
        bands: bands after a measurement, by name. A value outside is replaced by the geometric mean
            of the band, or by its middle if it begins at 0.
        networks: networks whose weights are drawn. If empty, none are.
    """
    names = [field.name for field in fields(base)]
    uncertain = [
        _uncertain(name, getattr(base, name), reading, name in assumed, (bands or {}).get(name))
        for name in names
    ]
    values = {one.name: one.known for one in uncertain}
    return DrawTable(replace(base, **values), uncertain, tuple(networks), n, seed)


def measured(known: Assumption, band: tuple[float, float]) -> Assumption:
    """An assumption with the band of a measurement, and a value inside it."""
    low, high = band
    value = known.value
    if not low <= value <= high:
        value = math.sqrt(low * high) if low > 0 else (low + high) / 2
    return replace(known, value=value, low=low, high=high)


def _uncertain(
    name: str,
    known: Assumption,
    reading: str,
    is_assumed: bool,
    band: tuple[float, float] | None,
) -> Uncertain:
    """Rule by which an assumption is drawn."""
    if known.spread == HELD:
        return Uncertain(name, known, HELD, known.why_held)
    known = known if band is None else measured(known, band)
    for why, holds in ((ASSUMED, is_assumed), (NO_WIDTH, known.low == known.high)):
        if holds:
            return Uncertain(name, known, HELD, why)
    has_sides = 0 < known.low < known.value < known.high
    spread = known.spread if reading == STATED else reading
    return Uncertain(name, known, spread if spread != INTERVAL or has_sides else LIMITS)
