"""Requests of networks, as settings of a study and as arrays in order of priority."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np

from imcmoo.arrays import Floats, Ints
from imcmoo.io.errors import check_choice

Interrupt = Literal["none", "layer", "inference"]
"""Where a more urgent request interrupts a running one: never, at the end of a layer, or between
two inferences of its burst."""
Sharing = Literal["time", "space"]
""""time": networks take turns on the chip; "space": each has its own router groups."""
Idle = Literal["on", "gated"]
""""on": an idle chip leaks; "gated": its supply is cut."""

ROUNDED = 1.005
"""Deadlines may exceed 1 / `rate_Hz` by this factor and count as that: 0.0167 s at 60 Hz."""

LEAST_RATE_Hz, MOST_RATE_Hz = 1e-9, 1e12
"""Once in 30 years, and faster than any chip: beyond, times and powers overflow."""
LEAST_DEADLINE_s = 1 / MOST_RATE_Hz
MAX_BURST = 10**9
"""Largest number of inferences per request."""


@dataclass(frozen=True)
class Requests:
    """Sporadic requests of one network.

    Raises:
        ValueError: a number is out of range.
    """

    rate_Hz: float  # most requests per second; two are at least 1 / `rate_Hz` apart
    deadline_s: float | None = None
    """Time from a request to its result, s, at most 1 / `rate_Hz`. If None, 1 / `rate_Hz`."""
    burst: int = 1  # inferences per request

    def __post_init__(self) -> None:
        if not 0 < self.rate_Hz < float("inf"):
            raise ValueError(f"rate_Hz must be positive and finite, got {self.rate_Hz:g}")
        if not LEAST_RATE_Hz <= self.rate_Hz <= MOST_RATE_Hz:
            raise ValueError(
                f"rate_Hz must be {LEAST_RATE_Hz:g} to {MOST_RATE_Hz:g}, got {self.rate_Hz:g}"
            )
        if not 1 <= self.burst <= MAX_BURST:
            raise ValueError(
                f"burst must be at least 1 and at most {MAX_BURST:g}, got {self.burst}"
            )
        if self.deadline_s is None:
            return
        if not LEAST_DEADLINE_s <= self.deadline_s <= ROUNDED * self.period_s:
            raise ValueError(
                f"deadline_s must be at least {LEAST_DEADLINE_s:g} s and at most 1/rate_Hz = "
                f"{self.period_s:.6g} s, got {self.deadline_s:g}"
            )

    @property
    def period_s(self) -> float:
        """Shortest time between two requests, s."""
        return 1 / self.rate_Hz

    @property
    def due_s(self) -> float:
        """Time from a request to its deadline, s."""
        return self.period_s if self.deadline_s is None else min(self.deadline_s, self.period_s)


@dataclass(frozen=True)
class Scenario:
    """Load of all networks of a study, and how a chip serves it.

    Raises:
        ValueError: an unknown option or a negative margin.
    """

    requests: Mapping[str, Requests]  # by name of the network
    interrupt: Interrupt = "none"  # where a running request can be interrupted
    idle: Idle = "on"  # power of an idle chip
    margin: float = 0.0  # how much more load than stated a feasible chip must serve, as a share
    sharing: Sharing = "time"  # whether networks share the chip in time or in space
    max_average_power_W: float | None = None
    """Largest average power of a feasible chip with its DRAM, W. If None, there is no limit."""

    def __post_init__(self) -> None:
        check_choice("sharing", self.sharing, get_args(Sharing))
        check_choice("interrupt", self.interrupt, get_args(Interrupt))
        check_choice("idle", self.idle, get_args(Idle))
        if not 0 <= self.margin < float("inf"):
            raise ValueError(f"margin must be at least 0 and finite, got {self.margin:g}")
        if self.sharing == "space" and self.interruptible:
            raise ValueError(
                f'sharing = "space" interrupts nothing: leave out interrupt = "{self.interrupt}"'
            )

    def of_network(self, name: str) -> Scenario:
        """The scenario of a single network."""
        return replace(self, requests={name: self.requests[name]})

    @property
    def interruptible(self) -> bool:
        """True if running requests may be interrupted."""
        return self.interrupt != "none"

    @property
    def saves(self) -> bool:
        """True if an interrupted request saves its activations, as between layers."""
        return self.interrupt == "layer"

    def policy(self, *, interrupts: bool) -> Interrupt:
        """Policy of a chip: that of the scenario if it interrupts requests, else "none"."""
        return self.interrupt if interrupts else "none"

    def load(self, networks: Sequence[str]) -> Load:
        """The requests as arrays, in the order of the networks."""
        requests = [self.requests[name] for name in networks]
        return Load(
            period_s=np.array([r.period_s for r in requests]),
            deadline_s=np.array([r.due_s for r in requests]),
            burst=np.array([r.burst for r in requests], dtype=float),
        )

    @property
    def max_load(self) -> float:
        """Largest load of a feasible chip, as a share of its capacity."""
        return 1 / (1 + self.margin)

    def to_config(self) -> dict[str, Any]:
        """The scenario as JSON values."""
        config = asdict(self)
        if self.max_average_power_W is None:  # answers without such a limit do not state it
            del config["max_average_power_W"]
        return config


@dataclass(frozen=True, eq=False)
class Load:
    """Requests of W networks as arrays, shape (W,).

    Priorities are deadline-monotonic; of equal deadlines, the first network is more urgent.
    """

    period_s: Floats  # shortest time between two requests
    deadline_s: Floats  # from a request to its deadline, at most `period_s`
    burst: Floats  # inferences per request

    @cached_property
    def by_priority(self) -> Ints:
        """Indices of networks, the most urgent first."""
        return np.argsort(self.deadline_s, kind="stable")

    @cached_property
    def rank(self) -> Ints:
        """Number of more urgent networks of each network."""
        return np.argsort(self.by_priority, kind="stable")
