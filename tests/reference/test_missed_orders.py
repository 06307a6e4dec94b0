"""Why some recorded SRAM energies are far above ours: the reference's random search for loop orders
missed its own optimum in one or two layer shapes. Putting a dearer order there, one that fits the
buffer just as well, gives the record to its last digit.
"""

import itertools

import numpy as np
import pytest

from imcmoo.hardware.component_table import ComponentTable
from imcmoo.model.reference.breakdown import _as_printed
from imcmoo.model.reference.chips import ChipModel
from imcmoo.model.reference.counts import ACTIONS
from imcmoo.model.reference.loop_orders import Walks, loop_orders
from imcmoo.model.reference.mapping import AXES, map_layers
from imcmoo.model.reference.prices import FACTORS, PRICE_DIGITS, round_digits
from imcmoo.model.reference.profiles import operand_factors
from imcmoo.networks.workloads import WorkloadSet
from tests.reference import records
from tests.reference.records import OTHER_INPUTS, PRINTED, SRAM_STUDIES

SHAPES_MISSED = 3
"""Most layer shapes of a network in which a search is allowed to have missed."""


@pytest.fixture
def every_order(monkeypatch):
    """Loop orders split every axis the reference may split, and none is left out as too dear."""
    free = np.array([a in "CMRSNPG" for a in AXES])
    monkeypatch.setattr(
        "imcmoo.model.reference.loop_orders._free_axes",
        lambda m, _: np.tile(free, (len(m.sizes), 1)),
    )


def _energies(chips, level):
    """By layer shape, printed energy in J of its layers for every order that fits, ascending."""
    workloads = chips.workloads
    alike = chips.sizes(level).take(np.zeros(len(workloads.shapes), dtype=int))
    mapping = map_layers(workloads.shapes, alike)
    orders = loop_orders(mapping, Walks(weights=True), np.inf)
    prices, factors = chips.term_prices(level), operand_factors(workloads, 1)
    energies = []
    for shape, (first, number) in enumerate(zip(orders.first, orders.number, strict=True)):
        of_shape = np.arange(first, first + number)
        of_shape = of_shape[orders.held_bits[of_shape] <= chips.buffer_bits(level)[0]]
        total = np.zeros(len(of_shape))
        for layer in np.flatnonzero(workloads.shape_index == shape):
            each = dict.fromkeys(((t.component, t.action) for t in chips.terms), 0.0)
            for t in chips.terms:
                factor = factors[layer, FACTORS.index(t.factor)]
                each[t.component, t.action] += prices[t.price][0] * factor
            energy = np.zeros((len(of_shape), 1, len(chips.components)))
            for (component, action), price in each.items():
                done = orders.actions[ACTIONS.index(action), of_shape]
                price = round_digits(np.array([price]), PRICE_DIGITS)
                energy[:, 0, chips.components.index(component)] += done * price
            cycles = np.full((len(of_shape), 1), mapping.cycles[shape])
            total += _as_printed(energy, workloads.shapes[[shape]], cycles).sum(axis=(1, 2))
        energies.append(np.unique(total))
    return energies


def _missed(energies, record):
    """The fewest shapes that, each in a dearer order, make up the record; None if no few do."""
    dearer = {i: e[1:] - e[0] for i, e in enumerate(energies) if len(e) > 1}
    excess = record - sum(e[0] for e in energies)
    for n in range(1, SHAPES_MISSED + 1):
        for shapes in itertools.combinations(dearer, n):
            *others, last = (dearer[i] for i in shapes)
            left = excess - sum(np.ix_(*others), start=np.zeros([1] * len(others))).ravel()
            at = np.searchsorted(last, left)
            for near in (np.maximum(at - 1, 0), np.minimum(at, len(last) - 1)):
                if (np.abs(last[near] - left) < 1e-9 * record).any():
                    return shapes
    return None


def _unexplained(source, study):
    """Records of a study far above ours: how many, and those that no few dearer orders explain."""
    designs, ours, _, theirs = records.compared(source, study)
    names = records.networks(source, study)
    space, table = SRAM_STUDIES[study], ComponentTable.load()
    far = [
        (i, w)
        for i, w in np.argwhere(records.above(ours, theirs).to_numpy() < -PRINTED)
        if names[w] != OTHER_INPUTS
    ]
    models = {w: ChipModel(space, WorkloadSet.load([names[w]]), table) for _, w in far}
    unexplained = []
    for i, w in far:
        level = space.encode({n: designs[n].to_numpy()[[i]] for n in space.names})
        record = theirs["energy_J"][i, w]
        if _missed(_energies(models[w], level), record) is None:
            unexplained.append((designs.technology_nm[i], names[w], i))
    return len(far), unexplained


@records.wants_full
@pytest.mark.slow  # the golden records ask the same in the default suite
@pytest.mark.parametrize("study", SRAM_STUDIES)
def test_records_far_above_ours_took_a_dearer_loop_order(study, every_order):
    far, unexplained = _unexplained("full", study)
    assert far > 10
    assert len(unexplained) <= 1, unexplained


def test_golden_records_far_above_ours_took_a_dearer_loop_order(every_order):
    """All but the one of the technology study that stays unexplained in the full records, too."""
    studies = [_unexplained("golden", study) for study in SRAM_STUDIES]
    unexplained = [missed for _, of_study in studies for missed in of_study]
    assert sum(far for far, _ in studies) == 9
    assert [missed[:2] for missed in unexplained] == [(22, "alexnet")]
