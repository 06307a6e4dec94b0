"""Energy and time of every network on every chip, its weights resident or streamed."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.chip import Chip
from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.timing import CAUSES, LayerTimes, add_by_cause

Floats = NDArray[np.float64]

POWER = CAUSES.index("power")


@dataclass(frozen=True, eq=False)
class Run:
    """What one image of each network takes on each chip; arrays of shape (n, W).

    Args:
        energy_J: all of it.
        dram_J: the part that is spent off the chip.
        latency_s: from first input to last output.
        interval_s: between images.
        bound_by: index into `CAUSES` of what has the largest share of the latency.
    """

    energy_J: Floats
    dram_J: Floats
    latency_s: Floats
    interval_s: Floats
    bound_by: NDArray[np.int8]

    @property
    def power_W(self) -> Floats:
        """Power on the chip."""
        power: Floats = (self.energy_J - self.dram_J) / self.interval_s
        return power

    def where(self, better: NDArray[np.bool_], other: Run) -> Run:
        """This run where `better`, else the other."""
        return Run(
            *(np.where(better, getattr(self, f.name), getattr(other, f.name)) for f in fields(Run))
        )


def one_after_the_other(
    layers: LayerTable, times: LayerTimes, io_s: Floats, *, causes: bool
) -> tuple[Floats, NDArray[np.int8]]:
    """Latency of every network whose layers take turns, and what has the largest share of it.

    A layer takes its slowest resource and one vector more, to fill; then what its weights take to
    load where nothing overlaps that.

    Args:
        layers: L distinct layers.
        times: their seconds.
        io_s: DRAM seconds of the networks' own input and output, shape (n, W).
        causes: whether to find out what has the largest share.

    Returns:
        Seconds and index into `CAUSES`, the first of equals, shape (n, W); 0 throughout where
        causes were not asked for.
    """
    seconds = np.zeros((5 if causes else 1, *io_s.shape))
    seconds[0] = layers.total(times.step)
    add_by_cause(times.terms, (0, 1, 2, 3, 4), layers, seconds)
    if times.loads is not None:
        add_by_cause(times.loads, (0, 2, 4), layers, seconds)
    seconds[-1] += io_s
    total, most = seconds[0].copy(), seconds[0].copy()
    bound = np.zeros(total.shape, np.int8)
    for index, part in enumerate(seconds[1:], 1):
        total += part
        bound[part > most] = index
        np.maximum(most, part, out=most)
    return total, bound


def all_at_once(
    layers: LayerTable, times: LayerTimes, io_s: Floats, links_s: Floats
) -> tuple[Floats, Floats, NDArray[np.int8]]:
    """Latency and interval where layers work on different images, and what binds the interval.

    Arrays and tile buffers are a layer's own; global buffer, links, DRAM and digital unit are
    shared, so their times add up. A layer starts when its predecessor has made the share of the
    image that the first output needs; an image alone in the pipeline finds resources free.

    Args:
        layers: L distinct layers.
        times: their seconds.
        io_s: DRAM seconds of the networks' own input and output, shape (n, W).
        links_s: link seconds of each network over all groups it uses, shape (n, W).

    Returns:
        Latency, interval, and index into `CAUSES`, shape (n, W).
    """
    compute, glb, _, buffer, dram = times.terms
    slowest = layers.largest(np.maximum(compute, buffer) + times.step)
    arrays = layers.largest(compute + times.step) >= layers.largest(buffer + times.step)
    digital = layers.total(np.where(layers.dynamic, compute, 0.0))
    causes = np.stack(
        [
            np.where(arrays, slowest, 0.0),
            layers.total(glb),
            links_s,
            np.where(arrays, 0.0, slowest),
            layers.total(dram) + io_s,
            digital,
        ]
    )
    interval, bound = causes.max(axis=0), causes.argmax(axis=0)
    filling = layers.total(times.seconds * layers.previous_share)
    # The digital unit's share counts as computing.
    bound = np.where(bound == len(causes) - 1, 0, bound).astype(np.int8)
    return filling + interval, interval, bound


def powered(run: Run, chip: Chip, leak_W: Floats, given: Assumptions) -> Run:
    """Add what leaks meanwhile, and slow chips down that would exceed the power they may draw.

    Where dynamic energy and leakage over the interval exceed the limit per area, the interval is
    what brings them to it, and the latency grows alike.

    Args:
        run: with dynamic energy only.
        chip: gives area.
        leak_W: what leaks, shape (n, W).
        given: the power limit.
    """
    allowed = (given.power_W_per_m2.value * chip.area_m2)[:, None]
    dynamic = run.energy_J - run.dram_J
    least = dynamic / np.maximum(allowed - leak_W, 1e-3 * allowed)
    throttled = least > run.interval_s
    interval = np.maximum(least, run.interval_s)
    return replace(
        run,
        energy_J=run.energy_J + leak_W * interval,
        latency_s=run.latency_s * (interval / run.interval_s),
        interval_s=interval,
        bound_by=np.where(throttled, POWER, run.bound_by).astype(np.int8),
    )
