"""The evaluator: sums, batches, monotony, and what does not map."""

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imcmoo.model.reference.evaluator import Evaluator
from imcmoo.networks.workloads import WorkloadSet
from problems import RRAM

NAMES = ["alexnet", "mobilenet_v3"]


@functools.cache
def _evaluator():
    return Evaluator(RRAM, WorkloadSet.load(NAMES))


@functools.cache
def _mapped():
    """Designs on which every network runs."""
    levels = RRAM.random(4000, np.random.default_rng(3))
    passing = levels[_evaluator().screen(levels).runs.all(axis=1)][:300]
    return passing[_evaluator().resources(passing).runs.all(axis=1)]


def _level(name):
    return RRAM.names.index(name)


def test_energies_add_up_over_layers_and_components():
    levels = _mapped()[:40]
    metrics, parts = _evaluator().evaluate(levels), _evaluator().breakdown(levels)
    owner = np.array([NAMES.index(network) for network, _ in parts.layers])
    for i in range(len(NAMES)):
        total = parts.energy_J[:, owner == i].sum(axis=(1, 2))
        assert total == pytest.approx(metrics.energy_J[:, i], rel=1e-12, abs=0)
        cycles = parts.cycles[:, owner == i].sum(axis=1)
        cycle_s = RRAM.column(levels, "cycle_s")
        assert cycles * cycle_s == pytest.approx(metrics.latency_s[:, i], rel=1e-12, abs=0)
        busiest = parts.utilization[:, owner == i].max(axis=1)
        assert busiest == pytest.approx(metrics.values["utilization"][:, i], rel=1e-12)
    assert parts.area_m2.sum(axis=1) == pytest.approx(metrics.area_m2, rel=1e-12, abs=0)


def _rows(metrics):
    values = metrics.values
    return np.concatenate([values[n] for n in ("energy", "latency", "utilization")], axis=1)


def test_the_batch_does_not_matter():
    """Same bytes alone, together, in another order, from a fresh evaluator, in many threads."""
    levels = np.concatenate([_mapped(), RRAM.random(200, np.random.default_rng(5))])
    together = _rows(_evaluator().evaluate(levels))
    fresh = Evaluator(RRAM, WorkloadSet.load(NAMES))
    backwards = _rows(fresh.evaluate(levels[::-1]))[::-1]
    assert np.array_equal(together, backwards, equal_nan=True)
    alone = np.concatenate([_rows(_evaluator().evaluate(x[None])) for x in levels[:20]])
    assert np.array_equal(together[:20], alone, equal_nan=True)
    many = np.tile(levels, (200, 1))
    tiled = _rows(_evaluator().evaluate(many))
    assert np.array_equal(tiled[-len(levels) :], together, equal_nan=True)


def test_what_does_not_map_has_no_energy_and_says_what_is_missing():
    smallest = np.zeros((1, len(RRAM.names)), dtype=np.int64)
    smallest[0, _level("bits_per_cell")] = RRAM.values_of("bits_per_cell").index(1)
    metrics = _evaluator().evaluate(smallest)
    assert np.isnan(metrics.energy_J).all()
    assert np.isnan(metrics.latency_s).all()
    # AlexNet has 61,090,496 weights, each in eight cells of one bit.
    assert metrics.resources["cells"].missing[0, 0] == 8 * 61_090_496 - 32 * 32 * 4 * 4
    assert not metrics.runs.any()
    assert _evaluator().evaluate(smallest[:0]).energy_J.shape == (0, 2)


SIZES = ["cols", "rows", "macros_per_tile", "tiles_per_group", "router_groups", "glb_depth"]


@given(st.integers(0, RRAM.size - 1), st.sampled_from(SIZES))
@settings(max_examples=60, deadline=None)
def test_more_of_anything_takes_more_area_and_lacks_no_larger_share_of_its_cells(rank, name):
    levels = RRAM.unrank(np.array([rank]))
    levels = levels.repeat(len(RRAM.parameters[_level(name)]), axis=0)
    levels[:, _level(name)] = np.arange(len(levels))
    quick, full = _evaluator().screen(levels), _evaluator().resources(levels)
    assert np.array_equal(quick.area_m2, full.area_m2)
    assert (np.diff(quick.area_m2) > 0).all()
    for kind in _evaluator().resource_names:
        assert np.array_equal(quick.resources[kind].own, full.resources[kind].own)
        assert (quick.resources[kind].missing <= full.resources[kind].missing).all()
    # A lacking macro is as large as the chip's own, so shares are compared, not cells.
    cells = quick.resources["cells"]
    assert (np.diff(cells.missing / cells.own[:, None], axis=0) <= 1e-12).all()
    if name == "glb_depth":
        assert (np.diff(full.resources["buffer_bits"].missing, axis=0) <= 0).all()


def test_networks_resident_together_need_the_sum_of_their_cells():
    levels = RRAM.random(500, np.random.default_rng(2))
    workloads = WorkloadSet.load(["alexnet", "vgg16"])
    alone = Evaluator(RRAM, workloads).screen(levels).resources["cells"]
    sharing = Evaluator(RRAM, workloads, deployment="together")
    together = sharing.screen(levels).resources["cells"]
    lacking = (alone.missing > 0).all(axis=1)
    assert lacking.any()
    needed = (alone.missing + alone.own[:, None]).sum(axis=1)
    assert together.missing[lacking, 0] + together.own[lacking] == pytest.approx(needed[lacking])
    assert (together.missing[:, 0] == together.missing[:, 1]).all()
    apart = sharing.time_multiplexed().screen(levels).resources["cells"]
    assert np.array_equal(apart.missing, alone.missing)


def test_an_evaluator_of_one_network_agrees_with_one_for_it_alone():
    workloads = WorkloadSet.load(["alexnet", "mobilenet_v3"])
    together = Evaluator(RRAM, workloads, deployment="together")
    levels = RRAM.random(1000, np.random.default_rng(3))
    levels[:, [_level("macros_per_tile"), _level("tiles_per_group")]] = 4
    alone = Evaluator(RRAM, WorkloadSet.load(["mobilenet_v3"])).evaluate(levels)
    shared = together.for_network("mobilenet_v3").evaluate(levels)
    assert np.isfinite(alone.energy_J).any()
    assert np.isnan(alone.energy_J).any()
    assert np.array_equal(_rows(alone), _rows(shared), equal_nan=True)
    for name, resource in alone.resources.items():
        assert np.array_equal(resource.missing, shared.resources[name].missing)


def test_mapping_ahead_changes_no_result():
    levels = _mapped()[:50]
    evaluator = Evaluator(RRAM, WorkloadSet.load(["alexnet"]))
    before = _rows(evaluator.evaluate(levels))
    ahead = Evaluator(RRAM, WorkloadSet.load(["alexnet"]))
    ahead.prepare(800e-6, at_most=100_000)
    assert np.array_equal(_rows(ahead.evaluate(levels)), before, equal_nan=True)


def test_the_screen_depends_on_the_parameters_it_names_and_on_no_others():
    evaluator = _evaluator()
    levels = RRAM.random(300, np.random.default_rng(9))
    here = evaluator.screen(levels)
    for at, name in enumerate(RRAM.names):
        moved = levels.copy()
        moved[:, at] = (moved[:, at] + 1) % RRAM.shape[at]
        there = evaluator.screen(moved)
        same = np.array_equal(here.area_m2, there.area_m2) and np.array_equal(
            here.resources["cells"].missing, there.resources["cells"].missing
        )
        assert same == (name not in evaluator.screened_by)


def test_levels_and_options_that_are_none_of_its_own_are_refused():
    evaluator = _evaluator()
    levels = RRAM.random(2, np.random.default_rng(0))
    with pytest.raises(ValueError, match="voltage_V is outside"):
        evaluator.evaluate(np.full((1, 9), 99))
    with pytest.raises(ValueError, match="rounding 'up' is not one of none, reference"):
        evaluator.evaluate(levels, rounding="up")
    with pytest.raises(ValueError, match="rounding None is not one of none, reference"):
        evaluator.breakdown(levels, rounding=None)
    with pytest.raises(ValueError, match="deployment 'both' is not one of alone, together"):
        Evaluator(RRAM, WorkloadSet.load(NAMES[:1]), deployment="both")


def test_energies_do_not_depend_on_how_often_a_chip_stands_in_a_row():
    model = Evaluator(RRAM, WorkloadSet.load(["mobilenet_v3"]))
    levels = RRAM.random(400, np.random.default_rng(7))
    levels = levels[model.evaluate(levels).runs[:, 0]][:3]
    alone = model.evaluate(levels).energy_J
    for repeats in ([2, 3, 2], [2, 2, 3], [2, 2, 2], [1, 2, 2]):
        rows = np.repeat(np.arange(3), repeats)
        np.testing.assert_array_equal(model.evaluate(levels[rows]).energy_J, alone[rows])
