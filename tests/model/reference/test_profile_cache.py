"""Places of profiles, dense and sparse; and that nothing is mapped before it is asked for."""

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imcmoo.model.reference import profile_cache
from imcmoo.model.reference.chips import ChipModel
from imcmoo.model.reference.evaluator import Evaluator
from imcmoo.model.reference.profile_cache import Places
from imcmoo.networks.workloads import WorkloadSet
from imcmoo.space.parameters import Integer
from problems import RRAM

ALEXNET = WorkloadSet.load(["alexnet"])

WIDE = replace(
    RRAM,
    parameters=tuple(
        Integer(p.name, 1, 810) if p.name == "router_groups" else p for p in RRAM.parameters
    ),
)
"""34 million bodies."""


def small_chips(space):
    """Designs on some of which AlexNet runs."""
    levels = space.random(400, np.random.default_rng(0))
    levels[:, space.names.index("router_groups")] %= 6
    return levels


def energies(evaluator):
    return evaluator.evaluate(small_chips(evaluator.space)).energy_J


@given(st.lists(st.lists(st.integers(0, 40), min_size=1, max_size=9), max_size=6))
def test_sparse_and_dense_places_agree(batches):
    dense, sparse = Places(41), Places(profile_cache.DENSE + 1)
    order = list(dict.fromkeys(number for batch in batches for number in sorted(set(batch))))
    for batch in batches:
        for places in (dense, sparse):
            places.add(np.unique(batch))
    every = np.arange(41)
    np.testing.assert_array_equal(sparse.of(every), dense.of(every))
    assert dense.used == sparse.used == len(order)
    for place, number in enumerate(order):
        assert dense.of(np.array([number])).tolist() == [place]
    absent = sorted(set(range(41)) - set(order))
    assert (dense.of(np.array(absent, dtype=int)) == -1).all()
    vast = Places(2**80)  # numbers that no integer counts
    numbers = np.array([2**79, 5, 2**70], dtype=object)
    vast.add(numbers)
    assert vast.of(numbers[::-1]).tolist() == [2, 1, 0]


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
    assert taken < 32e6  # 134 MB if there were an entry for each body
    assert screened.runs.any()
    assert np.isfinite(energies(evaluator)).any()


def test_an_evaluator_pickles_small_and_evaluates_equally_after():
    evaluator = Evaluator(RRAM, WorkloadSet.load(["alexnet", "resnet18"]), deployment="together")
    before = energies(evaluator)
    pickled = pickle.dumps(evaluator)
    assert len(pickled) < 2_000_000  # the component table is most of it
    after = pickle.loads(pickled)
    assert after.data_digest == evaluator.data_digest
    np.testing.assert_array_equal(energies(after), before)
