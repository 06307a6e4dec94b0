"""Energy by layer and component, exact or rounded as the reference prints it.

Source: docs/model.md, sections 7 and 8.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imcmoo.arrays import Floats, Ints
from imcmoo.model.metrics import LayerCosts
from imcmoo.model.reference.chips import ChipModel
from imcmoo.model.reference.prices import FACTORS, PRICE_DIGITS, round_digits
from imcmoo.model.reference.profiles import LayerRuns, operand_factors
from imcmoo.networks.workloads import BITS
from imcmoo.space.design_space import Levels

CHUNK_PRINTED = 4096
"""Designs whose layers are costed one by one at once."""

PRINTED_DIGITS = 3
"""Digits the reference prints of the energy of a component per layer."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Breakdown(LayerCosts):
    """Costs of n designs, layer by layer; energy is 0 where a layer does not run.

    Args:
        cycles: shape (n, L).
    """

    cycles: Floats
    latency_s: Floats
    utilization: Floats


def break_down(chips: ChipModel, levels: Levels, *, printed: bool) -> Breakdown:
    """Break designs down by layer and component.

    Args:
        levels: shape (n, n_parameters).
        printed: round as the reference does: each energy per action to six digits, and what is
            printed per layer and component (fJ per bit operation) to three.
    """
    workloads = chips.workloads
    shape = workloads.shape_index
    runs = chips.run(levels)
    bits = chips.sizes(levels).cell_bits
    picojoule = _component_energy(chips, levels, bits, runs, printed=printed)
    cycles = runs.cycles[shape].T
    if printed:
        energy = _as_printed(picojoule, workloads.shapes[shape], cycles)
    else:
        energy = picojoule * 1e-12
    return Breakdown(
        layers=[(w.name, layer) for w in workloads.workloads for layer in w.layers],
        components=list(chips.components),
        energy_J=energy,
        cycles=cycles,
        latency_s=cycles * chips.cycle(levels)[:, None],
        utilization=runs.busy_bits[shape].T / bits[:, None],
        area_m2=chips.areas(levels),
    )


def printed_energy(chips: ChipModel, levels: Levels) -> Floats:
    """Energy of each network in J as the reference prints it layer by layer, shape (n, W)."""
    starts = np.searchsorted(chips.workloads.owner, np.arange(len(chips.workloads)))
    parts = [np.empty((0, len(starts)))]
    for at in range(0, len(levels), CHUNK_PRINTED):
        layers = break_down(chips, levels[at : at + CHUNK_PRINTED], printed=True)
        parts.append(np.add.reduceat(layers.energy_J.sum(axis=2), starts, axis=1))
    return np.concatenate(parts)


def _component_energy(
    chips: ChipModel, levels: Levels, bits: Ints, runs: LayerRuns, *, printed: bool
) -> Floats:
    """Energy in pJ, shape (n, L, K): counts times the energy of one action in each layer."""
    layer = chips.workloads.shape_index
    prices = chips.term_prices(levels)
    factors = np.stack([operand_factors(chips.workloads, b) for b in range(1, BITS + 1)])[bits - 1]
    energy = np.zeros((len(levels), len(layer), len(chips.components)))
    per_action: dict[tuple[str, str], Floats] = {}
    for term in chips.terms:
        key = term.component, term.action
        part = prices[term.price][:, None] * factors[:, :, FACTORS.index(term.factor)]
        per_action[key] = per_action.get(key, 0.0) + part
    for (component, action), each in per_action.items():
        if printed:
            each = round_digits(each, PRICE_DIGITS)
        done = runs.actions(action)[layer].T
        energy[:, :, chips.components.index(component)] += done * each
    return energy


def _as_printed(picojoule: Floats, shapes: Ints, cycles: Floats) -> Floats:
    """Energy in J, (n, L, K), read back from the reference's three-digit print-out."""
    macs = shapes.prod(axis=1)
    per_cycle = macs * BITS**3 // np.maximum(cycles, 1)
    operations = (per_cycle * cycles)[:, :, None]
    runs = operations > 0
    femtojoule = np.divide(picojoule * 1000, operations, where=runs, out=np.zeros_like(picojoule))
    return round_digits(femtojoule, PRINTED_DIGITS) * operations / 1e15
