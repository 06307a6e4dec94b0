"""Replication of layers: the factor by which a chip replicates the weights of each.

It depends on array and number of macros alone, never on supply voltage, ADC or bandwidth, so that
all chips that share those share this work.
"""

from __future__ import annotations

import numpy as np

from imcmoo.keyed_cache import Arrays
from imcmoo.model.metrics import Floats, Ints
from imcmoo.model.physical.context import Context
from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.mapping import Placement, place
from imcmoo.model.physical.parameters import Designs, replication_keys

_BISECTIONS = 50


def min_latency_replication(
    macros: Floats, n_vectors: Floats, time: Floats, count: Floats, available: Floats
) -> Floats:
    """Replication that minimises the latency of layers that run one after the other.

    Minimises Σ count ⌈n_vectors / r⌉ time subject to Σ count · macros · r ≤ available and 1 ≤ r
    ≤ n_vectors: the continuous optimum by bisection on its multiplier, rounded down to the
    smallest factor with the same number of rounds, what is left spent on the largest gain per
    macro.

    Args:
        macros: of one replica, 0 where a layer needs none, shape (n, L).
        n_vectors: vectors of the layer, shape (L,).
        time: relative time of a vector, shape (n, L).
        count: identical layers, which get the same factor, shape (L,).
        available: macros of each chip, shape (n,).

    Returns:
        Factors, shape (n, L); 0 where not even one replica of each layer fits.
    """
    best, need = np.ones_like(macros), macros * count
    fits = need.sum(axis=1) <= available
    if fits.any():
        factors = _continuous(macros[fits], n_vectors, time[fits], count, available[fits])
        # The guard keeps a continuous optimum that is a whole number whole.
        factors = _fewest(n_vectors, np.ceil(n_vectors / np.floor(factors * (1 + 1e-12))))
        best[fits] = _spend(factors, need[fits], n_vectors, time[fits] * count, available[fits])
    best[~fits] = 0
    return best


def balanced_replication(
    macros: Floats, n_vectors: Floats, time: Floats, count: Floats, available: Floats
) -> Floats:
    """Replication that minimises the time of a pipeline's slowest layer, max ⌈n_vectors / r⌉ time.

    Arguments and result are those of `min_latency_replication`; among equals the smallest factor.
    """
    best, need = np.ones_like(macros), macros * count
    fits = need.sum(axis=1) <= available
    if fits.any():
        work = np.where(macros[fits] > 0, n_vectors * time[fits], 0.0)
        low, high = np.zeros(fits.sum()), work.max(axis=1)
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            factors = _factors_within(middle, n_vectors, time[fits])
            ok = (factors <= n_vectors).all(axis=1, where=macros[fits] > 0) & (
                (factors * need[fits]).sum(axis=1) <= available[fits]
            )
            low, high = np.where(ok, low, middle), np.where(ok, middle, high)
        factors = _factors_within(high, n_vectors, time[fits])
        best[fits] = np.where(macros[fits] > 0, np.clip(factors, 1, n_vectors), 1.0)
    best[~fits] = 0
    return best


def _factors_within(limit: Floats, n_vectors: Floats, time: Floats) -> Floats:
    """Fewest factors with ⌈n_vectors / r⌉ time ≤ limit; more than `n_vectors` where none has."""
    with np.errstate(divide="ignore", invalid="ignore"):
        rounds = np.floor(limit[:, None] / time)
        return np.where(rounds >= 1, np.ceil(n_vectors / np.maximum(rounds, 1)), n_vectors + 1)


def _continuous(
    macros: Floats, n_vectors: Floats, time: Floats, count: Floats, available: Floats
) -> Floats:
    """r = clip(√(n_vectors · time / (λ · macros)), 1, n_vectors), λ the smallest that fits."""
    weight = np.sqrt(np.where(macros > 0, n_vectors * time / np.maximum(macros, 1), np.inf))
    need = macros * count
    low = np.zeros(len(macros))
    finite = np.where(np.isfinite(weight), weight, 0.0)
    high = finite.max(axis=1, initial=1.0)  # with it, no layer of any macros has over one copy
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        factors = np.clip(weight / middle[:, None], 1, n_vectors)
        over = (factors * need).sum(axis=1) > available
        low, high = np.where(over, middle, low), np.where(over, high, middle)
    return np.clip(weight / high[:, None], 1, n_vectors)


def _fewest(n_vectors: Floats, rounds: Floats) -> Floats:
    """Fewest factors with these rounds."""
    return np.ceil(n_vectors / rounds)


def _spend(
    factors: Floats, need: Floats, n_vectors: Floats, time: Floats, available: Floats
) -> Floats:
    """Give what macros are left to the layer that gains most per macro, again and again.

    Of equal gains the first layer has it. So layers of co-resident networks that gain alike share
    macros by the order of the networks.
    """
    factors = factors.copy()
    left = available - (factors * need).sum(axis=1)
    active = np.arange(len(factors))
    while len(active):
        now, spare = factors[active], left[active]
        rounds = np.ceil(n_vectors / now)
        more = _fewest(n_vectors, np.maximum(rounds - 1, 1))
        cost = (more - now) * need[active]
        with np.errstate(divide="ignore", invalid="ignore"):
            gain = (rounds - np.ceil(n_vectors / more)) * time[active] / cost
        gain = np.where((cost > 0) & (cost <= spare[:, None]), gain, 0.0)
        choice = gain.argmax(axis=1)
        lines = np.arange(len(active))
        helps = gain[lines, choice] > 0
        active, choice, lines = active[helps], choice[helps], lines[helps]
        factors[active, choice] = more[lines, choice]
        left[active] -= cost[lines, choice]
    return factors


def replication(context: Context, designs: Designs) -> Arrays:
    """Replication of all layers on n chips, worked out once for the same arrays and macros.

    Returns:
        Factors where weights stay on the chip, 0 where the network does not fit, and where they are
        loaded each time; integers of shape (n, L).
    """

    def work_out(index: Ints) -> Arrays:
        chips = designs.take(index)
        placement = place(context, chips)
        resident = _resident(context, chips, placement)
        streamed = np.zeros_like(resident)
        if context.device.streams:
            streamed = _streamed(context.layers, chips, placement)
        return resident.astype(np.int32), streamed.astype(np.int32)

    return context.replications.rows(replication_keys(designs), work_out)


def _resident(context: Context, designs: Designs, placement: Placement) -> Floats:
    """Factors of each network alone on the chip, or of all networks that share it."""
    layers = context.layers
    if not context.switches.placement:
        with np.errstate(divide="ignore"):
            most = np.floor(designs.macros[:, None] / placement.macros)
        return np.minimum(most, layers.n_vectors)
    factors = np.empty_like(placement.macros)
    time = placement.input_slices * placement.row_groups
    groups = [slice(None)]
    if not context.co_resident:
        groups = [layers.of_network(w) for w in range(layers.n_networks)]
    for pipelined, choose in ((False, min_latency_replication), (True, balanced_replication)):
        of_schedule = designs.pipelined == pipelined
        for group in groups if of_schedule.any() else []:
            factors[of_schedule, group] = choose(
                placement.macros[of_schedule, group],
                layers.n_vectors[group],
                time[of_schedule, group],
                layers.count[group],
                designs.macros[of_schedule],
            )
    return factors


def _streamed(layers: LayerTable, designs: Designs, placement: Placement) -> Floats:
    """Largest factor at which reading all vectors takes no less than loading the rows.

    An array read and a row write are taken as equally long here: more factors than that shorten
    a layer by less than it takes to load them, and each costs its writes.
    """
    with np.errstate(divide="ignore"):
        most = np.maximum(np.floor(designs.macros[:, None] / placement.macros), 1)
    reads = layers.n_vectors * placement.input_slices * placement.row_groups
    wanted = np.minimum(np.ceil(reads / placement.rows_used), layers.n_vectors)
    factors = np.minimum(most, wanted)
    return np.ceil(layers.n_vectors / np.ceil(layers.n_vectors / factors))
