"""Metrics and breakdowns of a batch of designs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.physical.batch import Batch, Mode
from imcmoo.model.physical.energy import OFF_CHIP, per_network
from imcmoo.model.physical.limits import ir_drop, level_sigmas
from imcmoo.model.physical.metrics import PhysicalBreakdown, PhysicalMetrics
from imcmoo.model.physical.noise import decibels
from imcmoo.model.physical.runs import Run, at_once, one_after_the_other, powered
from imcmoo.model.physical.traffic import Traffic

Floats = NDArray[np.float64]


def metrics(batch: Batch) -> PhysicalMetrics:
    """One image of every network on every chip of a batch."""
    mode = batch.resident
    traffic = batch.traffic(mode)
    resources = batch.resources(traffic)
    fits = batch.missing_macros <= 0
    run, counts = _run(batch, mode, traffic)
    streamed = np.zeros_like(fits)
    if batch.streams.any():
        other, other_counts = _run(batch, batch.streaming, batch.traffic(batch.streaming))
        better = other.energy_J * other.latency_s < run.energy_J * run.latency_s
        streamed = batch.streams & (better | ~fits)
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


def breakdown(batch: Batch) -> PhysicalBreakdown:
    """Energy and time by layer and component, in the mode each network runs in.

    What belongs to a network and not to a layer (its own input and output, its share of a switch,
    leakage) is shared out by the layers' times.
    """
    layers, found = batch.context.layers, metrics(batch)
    shape = (len(batch.designs), len(layers))
    energy = {OFF_CHIP: np.zeros(shape)}
    time = np.zeros(shape)
    modes = [batch.resident, *([batch.streaming] if found.streamed.any() else [])]
    for mode in modes:
        here = (found.streamed == mode.streamed)[:, layers.owner] * layers.count
        traffic = batch.traffic(mode)
        for action in batch.actions(mode, traffic):
            energy.setdefault(action.component, np.zeros(shape))
            energy[action.component] += action.energy_J * here
        time += batch.times(mode, traffic).seconds * here
    share = time / (time @ (layers.multiplicity > 0))[:, layers.owner]
    energy[OFF_CHIP] += share * (batch.io_bits * _dram_J(batch))[:, layers.owner]
    if batch.switches_networks:
        switch = found.switch_energy_J / batch.context.requests
        energy["switch"] = share * switch[:, layers.owner]
    leak = batch.leak_W(_macros_of(found, batch)) * found.interval_s
    energy["leakage"] = share * leak[:, layers.owner]
    return PhysicalBreakdown(
        components=tuple(energy),
        energy_J=np.stack(list(energy.values()), axis=2),
        time_s=time,
        area_m2=batch.chip.areas_m2,
    )


def _run(batch: Batch, mode: Mode, traffic: Traffic) -> tuple[Run, dict[str, Floats]]:
    """Energy and time in a mode, and what is counted beside."""
    layers = batch.context.layers
    on_chip, off_chip = per_network(layers, batch.actions(mode, traffic), len(batch.designs))
    off_chip = off_chip + batch.io_bits * _dram_J(batch)
    latency, interval, bound = _time(batch, mode, traffic)
    switch_J, switch_s = np.zeros_like(latency), np.zeros_like(latency)
    if batch.switches_networks and not mode.streamed:
        written, fetched = per_network(layers, batch.loading(mode), len(batch.designs))
        switch_J, switch_s = written + fetched, _switch_s(batch)
        on_chip, off_chip = (
            now + more / batch.context.requests
            for now, more in ((on_chip, written), (off_chip, fetched))
        )
        latency, interval = (t + switch_s / batch.context.requests for t in (latency, interval))
    occupied = batch.occupied_macros(mode)
    run = powered(
        Run(on_chip + off_chip, off_chip, latency, interval, bound),
        batch.chip,
        batch.leak_W(occupied),
        batch.context.given,
    )
    dram = traffic.spill_bits + (layers.stored_bits if mode.streamed else 0.0)
    cells = (batch.designs.rows * batch.designs.cols)[:, None]
    return run, {
        "occupied_cells": occupied * cells,
        "dram_bits": dram @ layers.multiplicity + batch.io_bits,
        "glb_bits": traffic.glb_bits @ layers.multiplicity,
        "switch_energy_J": switch_J,
        "switch_time_s": switch_s,
    }


def _time(batch: Batch, mode: Mode, traffic: Traffic) -> tuple[Floats, Floats, NDArray[np.int8]]:
    """Latency, interval and what binds."""
    layers, designs, chip = batch.context.layers, batch.designs, batch.chip
    times = batch.times(mode, traffic)
    io_s = batch.io_bits * chip.dram_bit_s[:, None] * batch.context.switches.bandwidth
    if not designs.pipelined.any():
        latency, bound = one_after_the_other(layers, times, io_s)
        return latency, latency, bound
    return at_once(layers, times, io_s, _links_s(batch, mode, traffic))


def _links_s(batch: Batch, mode: Mode, traffic: Traffic) -> Floats:
    """Seconds a network's activations take on the links of all groups it uses, shape (n, W)."""
    layers, designs = batch.context.layers, batch.designs
    bits = traffic.link_bits @ layers.multiplicity
    per_group = designs.macros_per_tile * designs.tiles_per_group
    groups = np.ceil(batch.occupied_macros(mode) / per_group[:, None])
    used = np.clip(groups, 1, designs.router_groups[:, None])
    seconds: Floats = bits * batch.chip.link_bit_s[:, None] / used
    return seconds * batch.context.switches.bandwidth


def _switch_s(batch: Batch) -> Floats:
    """Writing all rows of all macros at once, or fetching the weights if that takes longer."""
    layers = batch.context.layers
    rows = batch.designs.rows * batch.point.cell.row_write_s
    fetch = (layers.stored_bits @ layers.multiplicity) * batch.chip.dram_bit_s[:, None]
    return np.maximum(rows[:, None], fetch)


def _dram_J(batch: Batch) -> Floats:
    return batch.chip.prices_J["dram"][:, None]


def _macros_of(found: PhysicalMetrics, batch: Batch) -> Floats:
    macros: Floats = found.occupied_cells / (batch.designs.rows * batch.designs.cols)[:, None]
    return macros
