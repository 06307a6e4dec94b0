"""A model with other assumptions, which shares caches, gives what a new one gives."""

from dataclasses import fields

import numpy as np
import pytest

import imcmoo
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.components import NOISE_ASSUMPTIONS
from imcmoo.model.physical.memory_cells import MEMORY_CELLS
from imcmoo.model.physical.model import PhysicalEvaluator
from imcmoo.networks.workloads import WorkloadSet
from imcmoo.space.design_space import DesignSpace
from tests.fakes import network
from tests.model.physical.designs import TABLE
from tests.model.physical.spaces import DEVICE_SPACES

ASSUMED = Assumptions()
COUNTS = {"highest_level_bits", "sram_minimum_V"}
"""They decide which designs there are: at the other end some of the spaces are refused."""
NAMES = [field.name for field in fields(Assumptions) if field.name not in COUNTS]
STUDIES = {device: f"four_workload_{device}_physical" for device in MEMORY_CELLS}
TINY = WorkloadSet(
    (network([[16, 32, 14, 14, 3, 3, 1, 1], [32, 64, 7, 7, 1, 1, 1, 1]]), network([[8] * 8], "b"))
)


def space_of(device):
    if device in DEVICE_SPACES:
        return DEVICE_SPACES[device]
    space = imcmoo.Study.load(STUDIES[device]).space
    few = [p for p in space.parameters if p.name in ("voltage_V", "adc_bits", "rows", "glb_KiB")]
    first = space.designs(np.zeros((1, len(space.names)), np.int64))[0]
    named = {p.name for p in few}
    return DesignSpace(device, tuple(few), {n: v for n, v in first.items() if n not in named})


def other(name):
    """The value at the farther end of a band."""
    one = getattr(ASSUMED, name)
    return one.high if one.high != one.value else one.low


def assert_equal(model, new, levels):
    one, two = model.evaluate(levels), new.evaluate(levels)
    assert one.values.keys() == two.values.keys()
    assert one.resources.keys() == two.resources.keys()
    for name, values in one.values.items():
        np.testing.assert_array_equal(values, two.values[name], err_msg=name)
    for name, resource in one.resources.items():
        np.testing.assert_array_equal(resource.own, two.resources[name].own, err_msg=name)
        np.testing.assert_array_equal(resource.missing, two.resources[name].missing, err_msg=name)
    assert model.data_digest == new.data_digest


@pytest.mark.parametrize("device", MEMORY_CELLS)
def test_each_changed_assumption_gives_the_metrics_of_a_new_model(device):
    space = space_of(device)
    base = PhysicalEvaluator(space, TINY, table=TABLE)
    levels = space.random(200, np.random.default_rng(1))
    runs = base.evaluate(levels).runs.all(axis=1)
    levels = np.concatenate([levels[runs][:2], levels[~runs][:1]])
    for name in NAMES:
        assumed = ASSUMED.drawn({name: other(name)})
        model = base.with_assumptions(assumed)
        assert_equal(
            model, PhysicalEvaluator(space, TINY, table=TABLE, assumptions=assumed), levels
        )


@pytest.mark.parametrize("device", MEMORY_CELLS)
def test_noise_is_shared_unless_an_assumption_that_decides_it_differs(device):
    base = PhysicalEvaluator(space_of(device), TINY, table=TABLE)
    of_noise = {*NOISE_ASSUMPTIONS, *MEMORY_CELLS[device].noise_assumptions}
    for name in NAMES:
        model = base.with_assumptions(ASSUMED.drawn({name: other(name)}))
        assert (model._context.noise is base._context.noise) == (name not in of_noise), name


@pytest.mark.parametrize("change", [{"clock_Hz": 6e8}, {"widest_sum_bits": 16}])
def test_bounds_are_those_of_a_new_model(change):
    space = space_of("sram")
    base = PhysicalEvaluator(space, TINY, table=TABLE)
    assumed = ASSUMED.drawn(change)
    new = PhysicalEvaluator(space, TINY, table=TABLE, assumptions=assumed)
    old, mine, its = (m.partials(np.inf) for m in (base, base.with_assumptions(assumed), new))
    levels = space.random(8, np.random.default_rng(2))
    for stage in range(old.bound_from, len(old.stages)):
        rows = old.ancestors(levels, stage)
        old.bound(rows)
        for name, values in its.bound(rows).values.items():
            np.testing.assert_array_equal(mine.bound(rows).values[name], values, err_msg=name)


def test_models_of_single_networks_and_of_owners_share_too():
    space = space_of("rram")
    levels = space.random(16, np.random.default_rng(2))
    base = PhysicalEvaluator(space, TINY, table=TABLE)
    for change in ({"clock_Hz": 6e8}, {"rram_sigma": 0.1}, {"reference_columns": 3.0}):
        assumed = ASSUMED.drawn(change)
        new = PhysicalEvaluator(space, TINY, table=TABLE, assumptions=assumed)
        model = base.with_assumptions(assumed)
        for name in base.workload_names:
            assert_equal(model.for_network(name), new.for_network(name), levels)


def test_the_default_assumptions_are_those_of_a_model_without_any():
    space = space_of("sram")
    base = PhysicalEvaluator(space, TINY, table=TABLE)
    changed = base.with_assumptions(ASSUMED.drawn({"clock_Hz": 6e8}))
    assert changed.with_assumptions(None).data_digest == base.data_digest


def test_a_space_that_other_assumptions_do_not_cover_is_refused():
    base = PhysicalEvaluator(space_of("sram"), TINY, table=TABLE)
    with pytest.raises(ValueError, match="input_slice_bits"):
        base.with_assumptions(ASSUMED.having(highest_level_bits=2))


def test_a_study_with_other_assumptions_shares_the_model_of_the_first_one():
    first = imcmoo.Study.load(STUDIES["sram"])
    changed = first.replace(assumptions={"clock_Hz": 6e8}).replace(budget=5)
    shared = changed.cost_model()._context.replications
    assert shared is first.cost_model()._context.replications
    assert changed.cost_model().assumptions.clock_Hz.value == 6e8
    other_networks = changed.replace(networks=["resnet18"])
    assert other_networks.cost_model()._context.replications is not shared


@pytest.mark.slow
@pytest.mark.parametrize("device", MEMORY_CELLS)
def test_random_draws_give_the_metrics_of_new_models(device):
    study, rng = imcmoo.Study.load(STUDIES[device]), np.random.default_rng(3)
    base = study.cost_model()
    for _ in range(20):
        values = {n: rng.uniform(getattr(ASSUMED, n).low, getattr(ASSUMED, n).high) for n in NAMES}
        assumed = ASSUMED.drawn(values)
        levels = study.space.random(200, rng)
        model = base.with_assumptions(assumed)
        assert_equal(model, study.cost_model(assumptions=assumed), levels)
