"""Metrics of a batch of designs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.physical.batch import Batch
from imcmoo.model.physical.bodies import BodyFeatures
from imcmoo.model.physical.energy import ACTIONS
from imcmoo.model.physical.limits import ir_drop, level_sigmas
from imcmoo.model.physical.metrics import PhysicalMetrics
from imcmoo.model.physical.noise import decibels
from imcmoo.model.physical.runs import Run, at_once, one_after_the_other, powered
from imcmoo.model.physical.traffic import operand_bits

Floats = NDArray[np.float64]


def metrics(batch: Batch) -> PhysicalMetrics:
    """One image of every network on every chip of a batch."""
    resources = batch.resources()
    fits = batch.resident.missing_macros <= 0
    run, counts = run_in(batch, streamed=False)
    streamed = np.zeros_like(fits)
    if batch.may_stream.any():
        other, other_counts = run_in(batch, streamed=True)
        better = other.energy_J * other.latency_s < run.energy_J * run.latency_s
        streamed = batch.may_stream & (better | ~fits)
        run = other.where(streamed, run)
        counts = {name: np.where(streamed, other_counts[name], counts[name]) for name in counts}
    runs = resources.runs
    shown = {
        "energy_J": run.energy_J,
        "latency_s": run.latency_s,
        "interval_s": run.interval_s,
        "power_W": run.power_W,
        **counts,
    }
    context, designs = batch.context, batch.designs
    noise = decibels(context.noise.of(designs))
    return PhysicalMetrics(
        resources=resources,
        **{name: np.where(runs, values, np.nan) for name, values in shown.items()},
        snr_adc_dB=noise[:, 0],
        snr_dev_dB=noise[:, 1],
        snr_dB=noise[:, 2],
        bound_by=np.where(runs, run.bound_by, -1).astype(np.int8),
        streamed=streamed,
        ir_drop=ir_drop(
            designs,
            batch.point,
            device=context.device,
            given=context.given,
            switches=context.switches,
        ),
        level_sigmas=level_sigmas(designs, device=context.device, given=context.given),
    )


def run_in(batch: Batch, *, streamed: bool) -> tuple[Run, dict[str, Floats]]:
    """Energy and time in a mode, and what is counted beside, where the network runs."""
    layers, prices = batch.context.layers, batch.chip.prices_J
    features = batch.streamed if streamed else batch.resident
    link_bits = batch.link_bits(features, streamed=streamed)
    glb_bits = batch.glb_bits(features, streamed=streamed)
    dram = batch.spill_bits @ layers.multiplicity + batch.io_bits
    stored = layers.stored_bits @ layers.multiplicity
    links = link_bits @ layers.multiplicity
    on_chip = _counted(batch, features) + links * prices["link"][:, None]
    if streamed:
        both = prices["glb_read"] + prices["glb_write"]
        on_chip += (batch.kept_bits(features) @ layers.multiplicity) * both[:, None]
    if layers.dynamic.any():
        on_chip += _digital(batch)
    written, fetched = load_energy(batch, features)
    requests = 1.0 if streamed else batch.context.requests
    switches = batch.switches_networks and not streamed
    if streamed or switches:
        on_chip = on_chip + written / requests
    off_chip = dram * prices["dram"][:, None]
    if streamed or switches:
        off_chip = off_chip + fetched / requests
    latency, interval, bound = _time(batch, features, link_bits, glb_bits, streamed=streamed)
    switch_s = _switch_s(batch) if switches else np.zeros_like(latency)
    if switches:
        latency, interval = (t + switch_s / requests for t in (latency, interval))
    run = powered(
        Run(on_chip + off_chip, off_chip, latency, interval, bound),
        batch.chip,
        batch.leak_W(features.occupied),
        batch.context.given,
    )
    return run, {
        "occupied_cells": features.occupied * (batch.designs.rows * batch.designs.cols)[:, None],
        "dram_bits": dram + stored * streamed,
        "glb_bits": np.broadcast_to(glb_bits @ layers.multiplicity, latency.shape),
        "switch_energy_J": (written + fetched) * switches,
        "switch_time_s": switch_s,
    }


def _digital(batch: Batch) -> Floats:
    """Energy of products of two activations, operands included, shape (n, W)."""
    layers, prices = batch.context.layers, batch.chip.prices_J
    macs = (layers.macs * layers.dynamic) @ layers.multiplicity
    operands = operand_bits(layers, batch.designs) @ layers.multiplicity
    energy: Floats = prices["mac"][:, None] * macs + prices["glb_read"][:, None] * operands
    return energy


def load_energy(batch: Batch, features: BodyFeatures) -> tuple[Floats, Floats]:
    """Energy on and off the chip of loading all weights once, each of shape (n, W)."""
    layers, prices = batch.context.layers, batch.chip.prices_J
    stored = layers.stored_bits @ layers.multiplicity
    cells = features.counts[:, ACTIONS.index("write")]
    written = cells * prices["write"][:, None] + stored * prices["link"][:, None]
    return written, stored * prices["dram"][:, None]


def _counted(batch: Batch, features: BodyFeatures) -> Floats:
    """Energy of all actions that a body counts but writing, shape (n, W)."""
    names = [name for name in ACTIONS if name != "write"]
    prices = np.stack([batch.chip.price_of(name) for name in names], axis=1)
    energy: Floats = np.einsum("na,naw->nw", prices, features.counts[:, : len(names)])
    return energy


def _time(
    batch: Batch, features: BodyFeatures, link_bits: Floats, glb_bits: Floats, *, streamed: bool
) -> tuple[Floats, Floats, NDArray[np.int8]]:
    """Latency, interval and what binds."""
    layers, designs, chip = batch.context.layers, batch.designs, batch.chip
    times = batch.times(features, link_bits, glb_bits, streamed=streamed)
    bandwidth = batch.context.switches.bandwidth
    io_s = batch.io_bits * chip.dram_bit_s[:, None] * bandwidth
    if not designs.pipelined.any():
        latency, bound = one_after_the_other(layers, times, io_s)
        return latency, latency, bound
    per_group = (designs.macros_per_tile * designs.tiles_per_group)[:, None]
    groups = np.clip(np.ceil(features.occupied / per_group), 1, designs.router_groups[:, None])
    links_s = (link_bits @ layers.multiplicity) * chip.link_bit_s[:, None] / groups * bandwidth
    return at_once(layers, times, io_s, links_s)


def _switch_s(batch: Batch) -> Floats:
    """Writing the rows of all macros at once, or fetching the weights if that takes longer."""
    layers = batch.context.layers
    rows = batch.designs.rows * batch.point.cell.row_write_s
    fetch = (layers.stored_bits @ layers.multiplicity) * batch.chip.dram_bit_s[:, None]
    return np.maximum(rows[:, None], fetch)
