"""Energy, time and area of a few designs by layer and component."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from imcmoo.arrays import Bools, Floats, Ints, Values
from imcmoo.model.metrics import DRAM_DETAILS, LayerCosts
from imcmoo.model.physical.batch import Batch, LayerWork, best_run
from imcmoo.model.physical.chip import WITHOUT_TOP
from imcmoo.model.physical.constraints import MOST_DB
from imcmoo.model.physical.latency import CAUSES, ImageCosts, bottleneck
from imcmoo.model.physical.mapping import place, replication
from imcmoo.model.physical.mapping_features import (
    COMPONENT_OF,
    count_actions,
    image_actions,
    map_layers,
)
from imcmoo.model.physical.parameters import BITS_PER_KIB

BITS_PER_MB = 8e6


@dataclass(frozen=True, eq=False, kw_only=True)
class PhysicalBreakdown(LayerCosts):
    """Costs of n designs by layer; NaN for layers of networks that do not run.

    Leakage and network switches have no area; drivers, routers and the memory interface have no
    energy. Components come without their share of clock and control, which is `top`. Latencies of
    layers of pipelined designs overlap.

    `details` has `bound_by`, `utilization` (share of macros in use), compute SNR `snr_dB` and its
    parts (at most `MOST_DB`), and `streamed` (weight mode); empty or NaN where a network does not
    run, except SNR. With a cache of language models, also weights and cache through DRAM (MB) and
    the least time of its traffic (s).
    """

    latency_s: Floats
    bound_by: Ints
    utilization: Floats
    causes: Sequence[str] = CAUSES

    @classmethod
    def joined(cls, parts: Sequence[PhysicalBreakdown], order: Ints) -> PhysicalBreakdown:
        """Concatenate breakdowns of batches; `order` has the index of each design."""
        names = ("energy_J", "latency_s", "bound_by", "utilization", "area_m2")
        arrays: Any = {n: np.concatenate([getattr(part, n) for part in parts]) for n in names}
        details = {n: np.concatenate([p.details[n] for p in parts]) for n in parts[0].details}
        return replace(parts[0], **arrays, details=details).take(np.argsort(order))


def break_down(batch: Batch, layers: Sequence[tuple[str, str]]) -> PhysicalBreakdown:
    """Energy and time by layer and component, in the weight mode of each network.

    Identical layers share equally. Costs of a network outside its layers (input and output, its
    share of a switch, leakage, idle DRAM, throttling) are divided in proportion to the times of the
    layers. Memory grows with designs × layers × components.
    """
    table, run, chip = batch.context.layers, best_run(batch, causes=True), batch.chip
    n, owner = len(batch.designs), table.owner
    parts = dict.fromkeys((*COMPONENT_OF.values(), *chip.areas_m2, "switch", "leakage"))
    energy = {part: np.zeros((n, len(table))) for part in parts}
    seconds, bound = np.zeros((n, len(table))), np.zeros((n, len(table)), np.int64)
    streams = bool(run.streamed.any())
    work = LayerWork(batch, slice(None), streams=streams)
    for streamed in (False, True) if streams else (False,):
        in_mode = (run.streamed == streamed)[:, owner]
        for action, count in _counts(batch, work, streamed=streamed).items():
            price, top = _apart_from_top(action, chip.prices_J[action], batch)
            energy[COMPONENT_OF[action]] += price[:, None] * count * in_mode
            energy["top"] += top[:, None] * count * in_mode
        times = work.times(streamed=streamed)
        seconds += times.seconds * in_mode
        bound = np.where(in_mode, bottleneck(times), bound)
    share = seconds / table.total(seconds)[:, owner]
    for part, whole in _outside_layers(batch, run).items():
        energy[part] += share * whole[:, owner]
    pipelined = batch.designs.pipelined[:, None]
    latency = np.where(pipelined, seconds, share * run.latency_s[:, owner])
    runs, distinct = batch.has_capacity[:, owner], table.distinct
    none, names = np.zeros(n), batch.context.device.component_names
    energy_J = np.where(runs[:, :, None], np.stack(list(energy.values()), axis=2), np.nan)
    return PhysicalBreakdown(
        layers=layers,
        components=tuple(names.get(part, part) for part in energy),
        energy_J=energy_J[:, distinct],
        latency_s=np.where(runs, latency, np.nan)[:, distinct],
        bound_by=bound[:, distinct],
        utilization=np.where(runs, _utilization(batch, run.streamed), np.nan)[:, distinct],
        area_m2=np.stack([chip.areas_m2.get(part, none) for part in energy], axis=1),
        details=_details(batch, run),
    )


def _outside_layers(batch: Batch, run: ImageCosts) -> dict[str, Floats]:
    """Energy of networks outside their layers by component, J, shape (n, W)."""
    macros = run.occupied_cells / (batch.designs.rows * batch.designs.cols)[:, None]
    switch, switch_top = _switches(batch, run)
    return {
        "dram": batch.io_bits * batch.chip.prices_J["dram"][:, None]
        + batch.dram_idle_W[:, None] * run.interval_s,
        "switch": switch / batch.context.inferences_per_switch,
        "top": switch_top / batch.context.inferences_per_switch,
        "leakage": batch.leak_W(run, macros) * run.interval_s,
    }


def _details(batch: Batch, run: ImageCosts) -> dict[str, Values]:
    """Bottleneck, utilization, noise and weight mode of networks, see `PhysicalBreakdown`."""
    ran, resources = batch.has_capacity, batch.resources
    of_dram = {} if batch.context.cache is None else _dram_details(batch, run)
    return {
        "bound_by": np.where(ran, np.array(CAUSES)[run.bound_by], ""),
        "utilization": np.where(ran, run.occupied_cells, np.nan) / resources.cells[:, None],
        "snr_adc_dB": np.minimum(resources.snr_adc_dB, MOST_DB),
        "snr_dev_dB": np.minimum(batch.noise[:, 1], MOST_DB),
        "snr_dB": np.minimum(resources.snr_dB, MOST_DB),
        "streamed": np.where(ran, np.where(run.streamed, "yes", "no"), ""),
        **of_dram,
    }


def _dram_details(batch: Batch, run: ImageCosts) -> dict[str, Values]:
    """Weights and cache through DRAM, MB, and the time of all that goes there, s."""
    layers, cache, designs = batch.context.layers, batch.context.cache, batch.designs
    assert cache is not None
    moved = (1 - cache.share(designs.glb_KiB * BITS_PER_KIB)) * layers.total(layers.cache_bits)
    weights = layers.total(layers.stored_bits) * run.streamed
    figures = (
        weights / BITS_PER_MB,
        moved * designs.has_dram[:, None] / BITS_PER_MB,
        run.dram_bits * batch.chip.rates.dram_bit_s[:, None],
    )
    return dict(zip(DRAM_DETAILS, figures, strict=True))


def _apart_from_top(action: str, price_J: Floats, batch: Batch) -> tuple[Floats, Floats]:
    """Price of an action without clock and control, and their share of it, shape of the price."""
    if action in WITHOUT_TOP:
        return price_J, np.zeros_like(price_J)
    share = batch.context.assumptions.top_energy.value
    return price_J / (1 + share), price_J * (share / (1 + share))


def _switches(batch: Batch, run: ImageCosts) -> tuple[Floats, Floats]:
    """Energy of a switch to each network without clock and control, and their share, (n, W)."""
    layers = batch.context.layers
    fetched = layers.held_bits + np.where(run.streamed, 0.0, layers.total(layers.stored_bits))
    off_chip = fetched * batch.chip.prices_J["dram"][:, None] * (run.switch_energy_J > 0)
    on_chip, top = _apart_from_top("write", run.switch_energy_J - off_chip, batch)
    return on_chip + off_chip, top


def _utilization(batch: Batch, streamed: Bools) -> Floats:
    """Share of the macros held by all replicas of a layer, shape (n, L), by weight mode."""
    c, designs = batch.context, batch.designs
    factors = [replication(c, designs, streamed=mode) for mode in (False, True)]
    factor = np.where(streamed[:, c.layers.owner], factors[True], factors[False])
    macros = place(c, designs).macros
    share: Floats = np.minimum(factor * macros / designs.macros[:, None], 1.0)
    return share


def _counts(batch: Batch, work: LayerWork, *, streamed: bool) -> dict[str, Floats]:
    """Actions of one occurrence of each layer, by `COMPONENT_OF`, shape (n, L)."""
    c, designs = batch.context, batch.designs
    spilled = work.spilled_sums if streamed else None
    # The cost of a network switch is divided by the times of the layers.
    loads = float(streamed)
    counts = image_actions(
        count_actions(c, designs, map_layers(c, designs, place(c, designs), streamed=streamed)),
        link_bits=work.link_bits(streamed=streamed),
        tile_sum_bits=work.tile_sums,
        spilled_bits=0.0 if spilled is None else spilled,
        operand_bits=work.operand_bits,
        macs=c.layers.macs * c.layers.digital,
        stored_bits=c.layers.stored_bits,
        loads=loads,
    )
    return counts | {
        "shift_add": counts["conversion"],
        "dram": work.spill_bits + c.layers.stored_bits * loads,
    }
