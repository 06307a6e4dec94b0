"""Bounds for the check: below every design of a box, and of a box of one what `evaluate` says."""

from dataclasses import replace

import numpy as np
import pytest

from imcmoo.model.partials import NoBounds
from imcmoo.model.physical.boxes import chips
from imcmoo.model.physical.boxes import numbers as box_numbers
from imcmoo.model.physical.boxes.tree import OPEN, STEPS
from imcmoo.model.physical.evaluator import PhysicalEvaluator
from imcmoo.space.parameters import Conditional
from problems import STUDIES
from problems.physical_extended import RRAM_EXTENDED, SRAM_EXTENDED

LIMIT = 800e-6
MODELS = {
    "four_sram": lambda: STUDIES["four_workload_sram_extended"].cost_model(),
    "four_rram": lambda: STUDIES["four_workload_rram_extended"].cost_model(),
    "nine_sram": lambda: STUDIES["nine_workload_sram_extended"].cost_model(),
    "nine_rram": lambda: STUDIES["nine_workload_rram_extended"].cost_model(),
    "nodes": lambda: STUDIES["technology_cost_extended"].cost_model(),
    "together": lambda: few("sram", deployment="together"),
    "rewritten": lambda: few("rram", requests_per_switch=1),
    "precision": lambda: few("sram", input_bits=(8, 5), weight_bits=(4, 8)),
    "no_memory": lambda: few("sram", dram=("none", "x64", "hbm2")),
}


def few(device, dram=None, **options):
    """A model of two networks."""
    space = {"rram": RRAM_EXTENDED, "sram": SRAM_EXTENDED}[device]
    if dram:
        at = space.names.index("dram")
        p = type(space.parameters[at])("dram", dram)
        space = replace(space, parameters=(*space.parameters[:at], p, *space.parameters[at + 1 :]))
    networks = replace(
        STUDIES["four_workload_sram_extended"], workloads=("mobilenet_v3_onnx", "resnet18_onnx")
    )
    return PhysicalEvaluator(space, networks.network_set(), **options)


def designs_that_run(model, rng, n, area_limit_m2=LIMIT):
    """Designs within a limit that run every network, of each schedule some."""
    at, found = model.space.names.index("schedule"), []
    for schedule in range(model.space.shape[at]):
        some = np.empty((0, len(model.space.shape)), int)
        for _ in range(50):
            more = model.space.random(10_000, rng)
            more[:, at] = schedule
            known = model.resources(more)
            some = np.concatenate(
                [some, more[known.runs.all(axis=1) & (known.area_m2 <= area_limit_m2)]]
            )[:n]
            if len(some) == n:
                break
        found.append(some)
    return np.concatenate(found)


def opened(boxes, rows, stage):
    """The boxes around designs of which so many stages are chosen."""
    found = rows.copy()
    later = [name for step in boxes.stages[stage:] for name in STEPS[step]]
    found[:, [i for i, name in enumerate(boxes.names) if name in later]] = OPEN
    return found


def rows_of(boxes, levels):
    """Designs as boxes of one."""
    tiles = boxes.space.column(levels, "tiles_per_group") * boxes.space.column(
        levels, "router_groups"
    )
    return np.column_stack([levels, np.searchsorted(boxes.tiles, tiles)])


def check_model(model, n, area_limit_m2=LIMIT):
    """At every stage no bound is above a design of its box; of one design it is what it costs."""
    rng = np.random.default_rng(3)
    levels = designs_that_run(model, rng, n, area_limit_m2)
    assert len(levels) >= n
    boxes, true = model.boxes(area_limit_m2), model.evaluate(levels)
    costs = {
        "energy": true.energy_J,
        "latency": true.latency_s,
        "edp": true.energy_J * true.latency_s,
        "area": true.area_m2,
    }
    rows = rows_of(boxes, levels)
    for stage in range(1, len(STEPS) + 1):
        own = opened(boxes, rows, stage)
        assert (boxes.screen(own).area_m2 <= true.area_m2).all()
        if stage >= boxes.bound_from:
            found = boxes.bound(own).values
            for name, values in costs.items():
                assert (found[name] <= values).all(), (stage, name)
        check_glance(boxes, own, opened(boxes, rows, stage - 1), costs, stage - 1)
    for name, values in costs.items():
        # Writing weights at a switch of networks takes time that the bounds leave out.
        assert np.median(found[name] / values) > 1 - 1e-6, name


def check_glance(boxes, children, parents, costs, stage):
    """What is glanced at is in the order of the choices, and below the design in each."""
    quick = boxes.glance(parents, stage)
    if quick is None:
        return
    every, of = boxes.options(parents, stage)
    m = len(every) // len(parents)
    assert (boxes.completions(every) == np.repeat(boxes.completions(parents) // m, m)).all()
    here = np.flatnonzero((every == children[of]).all(axis=1))
    assert of[here].tolist() == list(range(len(parents)))
    for name, values in costs.items():
        assert (quick.values[name][here] <= values).all(), (stage, name)


SLOW_ONES = [pytest.param(name, marks=pytest.mark.slow) for name in ("four_sram", "nodes")]


@pytest.mark.parametrize("name", ["four_rram", "together", "precision", *SLOW_ONES])
def test_no_bound_is_above_a_design(name):
    check_model(MODELS[name](), 12)


@pytest.mark.parametrize("name", ["rewritten", "no_memory"])
def test_no_bound_is_above_a_design_whatever_is_written_and_where_memory_may_lack(name):
    model = MODELS[name]()
    levels = designs_that_run(model, np.random.default_rng(4), 30)
    boxes, true = model.boxes(np.inf), model.evaluate(levels)
    rows = rows_of(boxes, levels)
    for stage in range(boxes.bound_from, len(STEPS) + 1):
        found = boxes.bound(opened(boxes, rows, stage))
        assert (found.energy_J <= true.energy_J).all()
        assert (found.latency_s <= true.latency_s).all()
        assert (found.values["edp"] <= true.energy_J * true.latency_s).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_no_bound_is_above_any_of_many_designs(name):
    if name not in ("rewritten", "no_memory"):
        check_model(MODELS[name](), 60 if "rram" in name else 1500)


@pytest.mark.parametrize("name", ["four_rram", *SLOW_ONES])
def test_boxes_are_cut_without_loss(name):
    model = MODELS[name]()
    boxes, rng = model.boxes(LIMIT), np.random.default_rng(6)
    rows = boxes.start
    assert boxes.completions(rows).tolist() == [model.space.size]
    for stage in range(len(STEPS)):
        children, of = boxes.options(rows, stage)
        assert len(np.unique(children, axis=0)) == len(children)
        sums = np.bincount(of, boxes.completions(children), len(rows))
        assert sums.tolist() == boxes.completions(rows).tolist()
        some = np.sort(rng.choice(len(children), min(20, len(children)), replace=False))
        if boxes.stages[stage] != "grouping":
            assert (boxes.options(rows, stage, some)[0] == children[some]).all()
        rows = children[some]
    assert (boxes.completions(rows) == 1).all()
    model.space.validate(boxes.designs(rows))


def test_a_number_that_depends_on_more_than_is_said_is_noticed(monkeypatch):
    families = [
        replace(f, on=tuple(n for n in f.on if n != "voltage_V")) for f in box_numbers.FAMILIES
    ]
    monkeypatch.setattr(box_numbers, "FAMILIES", families)
    with pytest.raises(NoBounds, match="depends on more than"):
        few("sram").boxes(LIMIT)


@pytest.mark.parametrize(("name", "on"), [("adc_bits", "columns_per_adc"), ("dram", "rows")])
def test_what_depends_on_something_else_is_not_bounded(name, on):
    decider = SRAM_EXTENDED.parameters[SRAM_EXTENDED.names.index(on)]
    own = SRAM_EXTENDED.parameters[SRAM_EXTENDED.names.index(name)]
    other = Conditional(name, decider, dict.fromkeys(decider.values, own.values))
    space = replace(
        SRAM_EXTENDED,
        parameters=tuple(other if p is own else p for p in SRAM_EXTENDED.parameters),
    )
    model = PhysicalEvaluator(space, few("sram").workloads)
    with pytest.raises(NoBounds, match=f"{name} depends on {on}"):
        model.boxes(LIMIT)


def test_a_model_with_a_rule_off_is_not_bounded():
    model = few("sram", switches=replace(chips.RULES, strides=False))
    with pytest.raises(NoBounds, match="a rule of the model is off"):
        model.boxes(LIMIT)
