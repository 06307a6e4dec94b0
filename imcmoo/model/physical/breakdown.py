"""Where energy, time and area of a few designs go, layer by layer and part by part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.physical.action_counts import COMPONENT_OF
from imcmoo.model.physical.evaluate import Batch, metrics
from imcmoo.model.physical.latency import CAUSES, LayerTimes, LayerWork
from imcmoo.model.physical.mapping import place
from imcmoo.model.physical.mapping_features import layer_counts

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PhysicalBreakdown:
    """Costs of n designs, layer by layer; keeps `imcmoo.model.layer_costs.LayerCosts`.

    Args:
        layers: network and name of each of the layers, as networks list them, length L.
        components: length K; leakage and the switch of networks have no area of their own,
            drivers, routers and the memory interface no energy.
        energy_J: shape (n, L, K); NaN for layers of what does not run, as in the next.
        latency_s: where layers take turns, what each contributes to the latency; pipelined, its
            own seconds, which overlap those of others; shape (n, L).
        bound_by: index into `timing.CAUSES` of what takes longest, shape (n, L).
        utilization: share of the chip's cells that all copies of a layer hold, shape (n, L).
        area_m2: shape (n, K).
        causes: names of what may bind.
    """

    layers: Sequence[tuple[str, str]]
    components: tuple[str, ...]
    energy_J: Floats
    latency_s: Floats
    bound_by: NDArray[np.int64]
    utilization: Floats
    area_m2: Floats
    causes: tuple[str, ...] = CAUSES

    @classmethod
    def joined(
        cls, parts: Sequence[PhysicalBreakdown], order: NDArray[np.int64]
    ) -> PhysicalBreakdown:
        """Breakdowns of several batches, at least one, as one.

        Args:
            order: position of each design, batch after batch, in the result.
        """
        back = np.argsort(order)
        energy, latency, bound, utilization, area = (
            np.concatenate([getattr(part, name) for part in parts])[back]
            for name in ("energy_J", "latency_s", "bound_by", "utilization", "area_m2")
        )
        first = parts[0]
        return cls(first.layers, first.components, energy, latency, bound, utilization, area)


def break_down(batch: Batch, layers: Sequence[tuple[str, str]]) -> PhysicalBreakdown:
    """Energy and time by layer and component, in the mode each network runs in.

    Layers that are alike share alike. What belongs to a network and not to a layer (its own input
    and output, its share of a switch, leakage, waiting where power throttles) is shared out by the
    layers' times.

    Args:
        batch: a few designs, all layer by layer or all pipelined; memory grows with designs ×
            layers × components.
        layers: names for the result, one for each of the networks' layers.
    """
    table, found, chip = batch.context.layers, metrics(batch), batch.chip
    n, owner = len(batch.designs), table.owner
    parts = dict.fromkeys((*COMPONENT_OF.values(), *chip.areas_m2, "switch", "leakage"))
    energy = {part: np.zeros((n, len(table))) for part in parts}
    seconds, bound = np.zeros((n, len(table))), np.zeros((n, len(table)), np.int64)
    work = batch.work(slice(None), streams=bool(found.streamed.any()))
    for streamed in (False, True) if found.streamed.any() else (False,):
        here = (found.streamed == streamed)[:, owner]
        for action, count in _counts(batch, work, streamed=streamed).items():
            energy[COMPONENT_OF[action]] += chip.prices_J[action][:, None] * count * here
        times = work.times(streamed=streamed)
        seconds += times.seconds * here
        bound = np.where(here, _binding(times), bound)
    share = seconds / table.total(seconds)[:, owner]
    macros = found.occupied_cells / (batch.designs.rows * batch.designs.cols)[:, None]
    own = {
        "dram": batch.io_bits * chip.prices_J["dram"][:, None],
        "switch": found.switch_energy_J / batch.context.requests,
        "leakage": batch.leak_W(macros) * found.interval_s,
    }
    for part, whole in own.items():
        energy[part] += share * whole[:, owner]
    pipelined = batch.designs.pipelined[:, None]
    latency = np.where(pipelined, seconds, share * found.latency_s[:, owner])
    runs, every = found.runs[:, owner], table.distinct
    none = np.zeros(n)
    energy_J = np.where(runs[:, :, None], np.stack(list(energy.values()), axis=2), np.nan)
    return PhysicalBreakdown(
        layers=layers,
        components=tuple(energy),
        energy_J=energy_J[:, every],
        latency_s=np.where(runs, latency, np.nan)[:, every],
        bound_by=bound[:, every],
        utilization=np.where(runs, _held(batch, found.streamed), np.nan)[:, every],
        area_m2=np.stack([chip.areas_m2.get(part, none) for part in energy], axis=1),
    )


def _held(batch: Batch, streamed: NDArray[np.bool_]) -> Floats:
    """Share of the macros that all copies of a layer hold, shape (n, L).

    Args:
        batch: the designs.
        streamed: whether each network's weights are loaded for every image, shape (n, W).
    """
    c, designs = batch.context, batch.designs
    placed = place(c.layers, designs, diagonal_groups=c.switches.diagonal_groups).macros
    known = c.copies.of(designs)
    copies = np.where(streamed[:, c.layers.owner], known.streamed, known.resident)
    share: Floats = np.minimum(copies * placed / designs.macros[:, None], 1.0)
    return share


def _counts(batch: Batch, work: LayerWork, *, streamed: bool) -> dict[str, Floats]:
    """Actions of one occurrence of each layer, by `energy.COMPONENT_OF`, shape (n, L)."""
    c, designs = batch.context, batch.designs
    known = c.copies.of(designs)
    counts = layer_counts(
        c.layers,
        c.sums,
        designs,
        (known.streamed if streamed else known.resident).astype(float),
        streamed=streamed,
        switches=c.switches,
    )
    dram, link = work.spill_bits, work.link_bits(streamed=streamed)
    if streamed:
        if work.kept_bits is not None:
            counts["glb_read"], counts["glb_write"] = (
                counts[name] + work.kept_bits for name in ("glb_read", "glb_write")
            )
        dram, link = dram + c.layers.stored_bits, link + c.layers.stored_bits
    else:
        del counts["write"]
    return counts | {
        "shift_add": counts["conversion"],
        "link": link,
        "glb_read": counts["glb_read"] + work.operand_bits,
        "mac": c.layers.macs * c.layers.dynamic,
        "dram": dram,
    }


def _binding(times: LayerTimes) -> NDArray[np.int64]:
    """What takes longest of each layer, loading and one vector more included, shape (n, L)."""
    every = np.broadcast_arrays(*times.terms)
    seconds = np.zeros((len(CAUSES) - 1, *every[0].shape))
    first = np.argmax(every, axis=0)
    np.put_along_axis(seconds, first[None], np.max(every, axis=0)[None], axis=0)
    seconds[0] += times.step
    if times.loads is not None:
        loads = np.zeros_like(seconds)
        for cause, load in zip((0, 2, 4), times.loads, strict=True):
            loads[cause] = load
        at = loads.argmax(axis=0)[None]
        waited = np.take_along_axis(seconds, at, axis=0) + loads.max(axis=0)
        np.put_along_axis(seconds, at, waited, axis=0)
    return seconds.argmax(axis=0)
