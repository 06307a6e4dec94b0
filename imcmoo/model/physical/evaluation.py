"""Metrics of a batch of designs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.physical.batch import Batch
from imcmoo.model.physical.bodies import NetworkFeatures
from imcmoo.model.physical.energy import ACTIONS
from imcmoo.model.physical.layer_totals import Totals, totals
from imcmoo.model.physical.metrics import PhysicalMetrics
from imcmoo.model.physical.runs import Run
from imcmoo.model.physical.traffic import operand_bits

Floats = NDArray[np.float64]


def metrics(batch: Batch, *, causes: bool = True) -> PhysicalMetrics:
    """One image of every network on every chip of a batch.

    Args:
        batch: the chips.
        causes: whether to find out what binds.
    """
    runs, found = batch.runs, _costs(batch, causes)
    streamed, bound = found.pop("streamed"), found.pop("bound_by")
    return PhysicalMetrics(
        resources=batch.resources,
        **{name: np.where(runs, values, np.nan) for name, values in found.items()},
        snr_dev_dB=batch.noise[:, 1],
        snr_dB=batch.noise[:, 2],
        bound_by=np.where(runs & causes, bound, -1).astype(np.int8),
        streamed=streamed,
    )


def _costs(batch: Batch, causes: bool) -> dict[str, NDArray[Any]]:
    """What takes energy and time, in the better mode, by field of `PhysicalMetrics`."""
    sums = totals(batch, causes=causes)
    run, counts = run_in(batch, sums, streamed=False)
    streamed = np.zeros(batch.runs.shape, bool)
    if sums.streams:
        other, other_counts = run_in(batch, sums, streamed=True)
        better = other.energy_J * other.latency_s < run.energy_J * run.latency_s
        streamed = batch.may_stream & (better | ~batch.fits)
        run = other.where(streamed, run)
        counts = {name: np.where(streamed, other_counts[name], counts[name]) for name in counts}
    return {
        "energy_J": run.energy_J,
        "latency_s": run.latency_s,
        "interval_s": run.interval_s,
        "power_W": run.power_W,
        "bound_by": run.bound_by,
        "streamed": streamed,
        **counts,
    }


def run_in(batch: Batch, totals: Totals, *, streamed: bool) -> tuple[Run, dict[str, Floats]]:
    """Energy and time in a mode, and what is counted beside, where the network runs."""
    layers, prices, mode = batch.context.layers, batch.chip.prices_J, int(streamed)
    features = batch.bodies(streamed=streamed).networks
    dram = batch.spilled + batch.io_bits
    stored = layers.total(layers.stored_bits)
    links = totals.sum_bits + features.link_bits
    on_chip = _counted(batch, features) + links * prices["link"][:, None]
    if streamed:
        both = prices["glb_read"] + prices["glb_write"]
        on_chip += totals.kept_bits[mode] * both[:, None]
    operands: Floats | float = 0.0
    if layers.has_dynamic:
        operands = layers.total(operand_bits(layers, batch.designs.mac_units))
        macs = layers.total(layers.macs * layers.dynamic)
        on_chip += prices["mac"][:, None] * macs + prices["glb_read"][:, None] * operands
    written, fetched = load_energy(batch, features)
    requests = 1.0 if streamed else batch.context.requests
    switches = batch.switches_networks and not streamed
    off_chip = dram * prices["dram"][:, None]
    if streamed or switches:
        on_chip = on_chip + written / requests
        off_chip = off_chip + fetched / requests
    latency, interval, bound = (
        array[mode] for array in (totals.latency_s, totals.interval_s, totals.bound_by)
    )
    switch_s = _switch_s(batch) if switches else np.zeros_like(latency)
    if switches:
        latency, interval = (t + switch_s / requests for t in (latency, interval))
    run = batch.powered(
        Run(on_chip + off_chip, off_chip, latency, interval, bound), features.occupied
    )
    read, write = (features.counts[:, ACTIONS.index(name)] for name in ("glb_read", "glb_write"))
    return run, {
        "occupied_cells": features.occupied * (batch.designs.rows * batch.designs.cols)[:, None],
        "dram_bits": dram + stored * streamed,
        "glb_bits": read + write + 2 * totals.kept_bits[mode] + operands,
        "switch_energy_J": (written + fetched) * switches,
        "switch_time_s": switch_s,
    }


def load_energy(batch: Batch, features: NetworkFeatures) -> tuple[Floats, Floats]:
    """Energy on and off the chip of loading all weights once, each of shape (n, W)."""
    layers, prices = batch.context.layers, batch.chip.prices_J
    stored = layers.total(layers.stored_bits)
    cells = features.counts[:, ACTIONS.index("write")]
    written = cells * prices["write"][:, None] + stored * prices["link"][:, None]
    return written, stored * prices["dram"][:, None]


def _counted(batch: Batch, features: NetworkFeatures) -> Floats:
    """Energy of all actions that a body counts but writing, shape (n, W)."""
    energy = np.zeros(features.occupied.shape)
    prices = [batch.chip.price_of(name) for name in ACTIONS]
    prices[ACTIONS.index("write")] = np.zeros(len(batch.designs))
    # One after the other: a product of matrices rounds otherwise in another company of designs.
    for at, price in enumerate(prices):
        energy += price[:, None] * features.counts[:, at]
    return energy


def _switch_s(batch: Batch) -> Floats:
    """Writing the rows of all macros at once, or fetching the weights if that takes longer."""
    layers = batch.context.layers
    rows = batch.designs.rows * batch.rates.row_write_s
    fetch = layers.total(layers.stored_bits) * batch.chip.dram_bit_s[:, None]
    return np.maximum(rows[:, None], fetch)
