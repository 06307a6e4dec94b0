"""Fixing a parameter leaves all figures as they are; unsupported spaces are refused."""

from dataclasses import replace

import numpy as np
import pytest

from imcmoo.exact.enumeration import Enumeration
from imcmoo.model.reference.evaluator import Evaluator, reference_model
from imcmoo.networks.workloads import WorkloadSet
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.search.algorithm import run_search
from imcmoo.space.parameters import Categorical, Conditional, Ordinal
from problems import RRAM, SPACES, SRAM, SRAM_TECHNOLOGY

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


@pytest.mark.parametrize(
    ("space", "name"),
    [(RRAM, "voltage_V"), (RRAM, "rows"), (SRAM, "cycle_s"), (SRAM_TECHNOLOGY, "technology_nm")],
)
def test_a_space_with_a_fixed_parameter_is_searched_and_enumerated(space, name):
    fixed = space.fix(name, space.values_of(name)[-1])
    problem = AcceleratorProblem(Evaluator(fixed, ALEXNET))
    archive = run_search(problem, budget=60, rng=np.random.default_rng(0)).archive
    assert len(archive) == archive.feasible.sum() == 60

    few = thinned(fixed)
    problem = AcceleratorProblem(Evaluator(few, ALEXNET))
    F, G = problem.evaluate(few.unrank(np.arange(few.size)))
    feasible = F[(G <= 0).all(axis=1)]
    answer = Enumeration(problem).answer()
    assert answer.n_feasible == len(feasible) > 0
    assert answer.optima["edap_max"].value == problem.costs(feasible).edap.min()


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
