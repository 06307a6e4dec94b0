"""The evaluator: sums, batches, monotony, what does not map, capacity, fixed parameters."""

import functools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imcmoo.model.reference.evaluator import Evaluator, reference_model
from imcmoo.model.reference.profiles import needed_weights
from imcmoo.networks.workloads import BITS, WorkloadSet
from imcmoo.space.parameters import Categorical, Conditional
from problems import RRAM, SPACES, SRAM
from tests.fakes import network

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
    assert _rows(_evaluator().evaluate(levels[:0])).shape == (0, 6)
    many = np.tile(levels, (200, 1))
    tiled = _rows(_evaluator().evaluate(many))
    assert np.array_equal(tiled[-len(levels) :], together, equal_nan=True)


SIZES = ["cols", "rows", "macros_per_tile", "tiles_per_group", "router_groups", "glb_depth"]


@given(st.integers(0, RRAM.size - 1), st.sampled_from(SIZES))
@settings(max_examples=30, deadline=None)
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


def test_shared_weights_count_once():
    """A matrix used at two places of a network is in the chip's cells once."""
    two = network([(64, 32, 7, 7, 3, 3, 1, 1), (64, 32, 14, 14, 3, 3, 1, 1)])
    shared = replace(two, shared_with=("", "layer0"))
    assert needed_weights(WorkloadSet((two,))).tolist() == [2 * 64 * 32 * 9]
    assert needed_weights(WorkloadSet((shared,))).tolist() == [64 * 32 * 9]
    assert WorkloadSet((two,)).fingerprint != WorkloadSet((shared,)).fingerprint


def missing_cells(net, space, **values):
    """Cells that the smallest design with these values lacks."""
    design = {name: np.array([values.get(name, space.values_of(name)[0])]) for name in space.names}
    screened = Evaluator(space, WorkloadSet((net,))).screen(space.encode(design))
    return screened.resources["cells"].missing.tolist()


def test_missing_cells_follow_from_the_weights_that_count_and_the_groups():
    net = network([(64, 512, 7, 7, 3, 3, 1, 1), (1, 1, 14, 14, 5, 5, 72, 1)])
    cells = 32 * 32 * 32 * 4 * 4
    needed = BITS * (64 * 512 * 9 + 25)
    assert missing_cells(net, RRAM, bits_per_cell=1, router_groups=32) == [[needed - cells]]
    # A depthwise layer of 72 channels on 16 macros lacks 56, however few weights it has.
    groups = network([(1, 1, 14, 14, 5, 5, 72, 1)])
    few = missing_cells(groups, RRAM, bits_per_cell=1, rows=32, cols=64, router_groups=1)
    assert few == [[(72 - 4 * 4) * 32 * 64]]
    assert missing_cells(net, SRAM) == [[0]]  # streamed weights


ALEXNET = WorkloadSet.load(["alexnet"])


FIXABLE = [
    pytest.param(space, p, id=f"{space.name}-{p.name}")
    for space in (*SPACES.values(), SRAM)
    for p in space.parameters
    if not isinstance(p, Conditional)
]


@pytest.mark.parametrize(("space", "parameter"), FIXABLE)
def test_every_parameter_may_be_fixed(space, parameter):
    level = len(parameter) // 2
    fixed = space.fix(parameter.name, parameter.values[level])
    levels = space.random(40, np.random.default_rng(0))
    levels[:, space.names.index(parameter.name)] = level
    whole = Evaluator(space, ALEXNET).evaluate(levels)
    same = Evaluator(fixed, ALEXNET).evaluate(fixed.encode(space.decode(levels)))
    for name, values in whole.values.items():
        np.testing.assert_array_equal(same.values[name], values)


def test_what_the_model_cannot_cost_is_refused():
    short = replace(RRAM, parameters=tuple(p for p in RRAM.parameters if p.name != "rows"))
    with pytest.raises(ValueError, match="space rram lacks rows"):
        reference_model(short, ALEXNET)
    few = RRAM.fix("bits_per_cell", 2)
    wide = replace(few, fixed={**few.fixed, "device": "sram"})
    with pytest.raises(ValueError, match="bits_per_cell = 2, but sram cells hold at most 1"):
        reference_model(wide, ALEXNET)
    depth = RRAM.parameters[RRAM.names.index("glb_depth")]
    supply = Conditional("voltage_V", depth, dict.fromkeys(depth.values, (0.5, 0.6)), "V")
    parameters = tuple(supply if p.name == "voltage_V" else p for p in RRAM.parameters)
    with pytest.raises(ValueError, match="voltage_V may depend on technology_nm, rows, cols, not"):
        reference_model(replace(RRAM, parameters=parameters), ALEXNET)
    devices = (*RRAM.parameters, Categorical("device", ("rram", "sram")))
    fixed = {k: v for k, v in RRAM.fixed.items() if k != "device"}
    with pytest.raises(ValueError, match="space rram: the reference model takes one device"):
        reference_model(replace(RRAM, parameters=devices, fixed=fixed), ALEXNET)


def test_a_network_with_a_cache_is_refused():
    plain = network([(4, 9, 1, 1, 1, 1, 2, 1)], "decode")
    cached = replace(plain, dynamic=(True,), cache=("keys",))
    with pytest.raises(ValueError, match=r'decode has a cache.* model = "physical"'):
        Evaluator(RRAM, WorkloadSet((cached,)))
