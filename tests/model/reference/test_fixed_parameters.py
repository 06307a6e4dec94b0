"""Fixing a parameter leaves all figures as they are; unsupported spaces are refused."""

from dataclasses import replace

import numpy as np
import pytest

from imcmoo.model.reference.evaluator import Evaluator, reference_model
from imcmoo.networks.workloads import WorkloadSet
from imcmoo.space.parameters import Categorical, Conditional
from problems import RRAM, SPACES, SRAM

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
