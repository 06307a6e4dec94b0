"""Fixed parameters and several devices in one space: the same figures, and all of it works."""

from dataclasses import replace

import numpy as np
import pytest

from imcmoo.exact.enumeration import Enumeration
from imcmoo.model.reference.evaluator import Evaluator
from imcmoo.model.reference.several_devices import SeveralDevices, reference_model
from imcmoo.networks.workloads import WorkloadSet
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.search.algorithm import run_search
from imcmoo.space.parameters import Categorical, Conditional, Ordinal
from problems import SPACES
from problems.rram import RRAM, powers_of_two
from problems.sram import SRAM

ALEXNET = WorkloadSet.load(["alexnet"])


def thinned(space):
    """The space with only the first and last level of each parameter."""
    kept = {}
    for p in space.parameters:
        if not isinstance(p, Conditional):
            kept[p.name] = Ordinal(p.name, tuple(dict.fromkeys(p.values[:: max(1, len(p) - 1)])))
    for p in space.parameters:
        if isinstance(p, Conditional):
            on = kept[p.on.name]
            rows = {k: p.values_by[k][:: len(p) - 1] for k in on.values}
            kept[p.name] = Conditional(p.name, on, rows)
    return replace(space, parameters=tuple(kept[p.name] for p in space.parameters))


def enumerated(problem):
    enumeration = Enumeration(problem)
    return enumeration.conclude([enumeration.survey(b) for b in enumeration.stretches()])


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
    model = Evaluator(fixed, ALEXNET)
    same = model.evaluate(fixed.encode(space.decode(levels)))
    for name, values in whole.values.items():
        np.testing.assert_array_equal(same.values[name], values)

    archive = run_search(AcceleratorProblem(model), budget=60, rng=np.random.default_rng(0)).archive
    assert len(archive) == archive.feasible.sum() == 60

    few = thinned(fixed)
    problem = AcceleratorProblem(Evaluator(few, ALEXNET))
    F, G = problem.evaluate(few.unrank(np.arange(few.size)))
    feasible = F[(G <= 0).all(axis=1)]
    answer = enumerated(problem)
    assert answer.n_feasible == len(feasible) > 0
    assert answer.optima["edap_max"].value == problem.costs(feasible).edap.min()


NARROW = replace(
    RRAM,
    parameters=tuple(
        {
            "rows": Ordinal("rows", powers_of_two(32, 256)),
            "cols": Ordinal("cols", powers_of_two(32, 256)),
            "router_groups": Ordinal("router_groups", (1, 2, 4, 8, 16, 32)),
            "glb_depth": Ordinal("glb_depth", powers_of_two(4096, 65536)),
        }.get(p.name, p)
        for p in RRAM.fix("bits_per_cell", 1).parameters
    ),
    fixed={"technology_nm": 32, "bits_per_cell": 1},
)
MIXED = replace(
    NARROW,
    name="mixed",
    parameters=(
        *NARROW.parameters[:3],
        Categorical("device", ("rram", "sram")),
        *NARROW.parameters[3:],
    ),
)


def test_a_device_as_a_parameter_gives_the_figures_of_each_device():
    model = reference_model(MIXED, ALEXNET)
    assert isinstance(model, SeveralDevices)
    levels = MIXED.random(400, np.random.default_rng(1))
    together = model.evaluate(levels)
    devices = MIXED.column(levels, "device")
    for device in ("rram", "sram"):
        own = devices == device
        alone = MIXED.fix("device", device)
        single = Evaluator(alone, ALEXNET)
        here = single.evaluate(alone.encode(MIXED.decode(levels[own])))
        assert own.any()
        assert here.runs.any()
        for name, values in here.values.items():
            np.testing.assert_array_equal(together.values[name][own], values)
        for name, resource in here.resources.items():
            np.testing.assert_array_equal(together.resources[name].own[own], resource.own)
            np.testing.assert_array_equal(together.resources[name].missing[own], resource.missing)


def test_a_space_of_two_devices_is_searched_and_enumerated():
    archive = run_search(
        AcceleratorProblem(reference_model(MIXED, ALEXNET)),
        budget=60,
        rng=np.random.default_rng(0),
    ).archive
    assert len(archive) == archive.feasible.sum() == 60
    few = thinned(MIXED)
    answer = enumerated(AcceleratorProblem(reference_model(few, ALEXNET)))
    best = min(
        enumerated(AcceleratorProblem(Evaluator(few.fix("device", device), ALEXNET)))
        .optima["edap_max"]
        .value
        for device in ("rram", "sram")
    )
    assert answer.optima["edap_max"].value == best


def test_what_the_model_cannot_cost_is_refused():
    few = tuple(p for p in RRAM.parameters if p.name != "rows")
    short = replace(RRAM, name="short", parameters=few)
    with pytest.raises(ValueError, match="space short lacks rows"):
        reference_model(short, ALEXNET)
    wide = replace(MIXED, fixed={**MIXED.fixed, "bits_per_cell": 2})
    with pytest.raises(ValueError, match="bits_per_cell = 2, but sram cells hold at most 1"):
        reference_model(wide, ALEXNET)
