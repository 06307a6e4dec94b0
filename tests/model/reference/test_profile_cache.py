"""Profiles of spaces of any size, and that nothing is mapped before it is asked for."""

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from imcmoo.model.reference import evaluator as evaluator_module
from imcmoo.model.reference.chips import ChipModel
from imcmoo.model.reference.evaluator import Evaluator
from imcmoo.networks.workloads import WorkloadSet
from imcmoo.space.parameters import Integer
from problems import RRAM

ALEXNET = WorkloadSet.load(["alexnet"])
TWO = WorkloadSet.load(["alexnet", "resnet18"])

WIDE = replace(
    RRAM,
    parameters=tuple(
        Integer(p.name, 1, 810) if p.name == "router_groups" else p for p in RRAM.parameters
    ),
)
"""34 million chips."""

VAST = replace(
    RRAM, parameters=(*RRAM.parameters, *(Integer(f"unused_{i}", 0, 9) for i in range(20)))
)


def small_chips(space):
    """Designs on some of which AlexNet runs."""
    levels = space.random(400, np.random.default_rng(0))
    levels[:, space.names.index("router_groups")] %= 6
    return levels


def energies(evaluator):
    return evaluator.evaluate(small_chips(evaluator.space)).energy_J


@pytest.mark.parametrize("space", [RRAM, VAST], ids=["few chips", "more than 64 bits count"])
def test_a_space_with_too_many_chips_for_an_array_is_evaluated_alike(space, monkeypatch):
    expected = Evaluator(RRAM, TWO).evaluate(small_chips(RRAM))
    monkeypatch.setattr(evaluator_module, "DENSE", 0)
    levels = small_chips(RRAM)
    levels = np.pad(levels, ((0, 0), (0, len(space.names) - len(RRAM.names))))
    evaluator = Evaluator(space, TWO)
    evaluator.evaluate(levels[::3])
    np.testing.assert_array_equal(evaluator.evaluate(levels).energy_J, expected.energy_J)
    alone = evaluator.for_network("resnet18").evaluate(levels).energy_J
    np.testing.assert_array_equal(alone, expected.energy_J[:, 1:])


def test_networks_of_equal_layers_share_their_profiles():
    (network,) = ALEXNET.workloads
    denser = replace(network, name="denser", weight_bits=1 - network.weight_bits)
    copies = (replace(network, name=f"n{i}") for i in range(20))
    few, many = WorkloadSet((network, denser)), WorkloadSet((network, denser, *copies))
    one, shared = Evaluator(RRAM, few), Evaluator(RRAM, many)
    expected, found = energies(one), energies(shared)
    assert not np.array_equal(expected[:, 0], expected[:, 1], equal_nan=True)
    for column, values in enumerate(found.T):
        np.testing.assert_array_equal(values, expected[:, int(column == 1)])
    assert len(shared.profiles._cache) == len(one.profiles._cache)
    np.testing.assert_array_equal(energies(shared.for_network("n7")), expected[:, :1])


def resident_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="tells no resident memory")
def test_a_wide_space_takes_little_memory_and_nothing_is_mapped_for_it(monkeypatch):
    def run(self, levels):
        raise AssertionError("a chip was mapped")

    Evaluator(RRAM, ALEXNET)  # what any evaluator loads is not of the space
    with monkeypatch.context() as patch:
        patch.setattr(ChipModel, "run", run)
        before = resident_bytes()
        evaluator = Evaluator(WIDE, ALEXNET)
        screened = evaluator.screen(small_chips(WIDE))
        taken = resident_bytes() - before
    assert WIDE.size_of(evaluator.mapping_parameters) == 34_020_000
    assert taken < 32e6  # 134 MB if there were an entry for each chip
    assert screened.runs.any()
    assert np.isfinite(energies(evaluator)).any()


def test_an_evaluator_pickles_small_and_evaluates_equally_after():
    evaluator = Evaluator(RRAM, TWO, deployment="together")
    before = energies(evaluator)
    pickled = pickle.dumps(evaluator)
    assert len(pickled) < 2_000_000  # the component table is most of it
    after = pickle.loads(pickled)
    assert after.data_digest == evaluator.data_digest
    np.testing.assert_array_equal(energies(after), before)
