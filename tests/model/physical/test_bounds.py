"""Bounds are below every design of a sub-domain, and of one design they are what it costs."""

from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest

from imcmoo.exact import check
from imcmoo.model.metrics import edp
from imcmoo.model.partials import NoBounds
from imcmoo.model.physical.batch import Batch
from imcmoo.model.physical.bounds import chip_bounds
from imcmoo.model.physical.bounds.bounded_tree import BoundedTree
from imcmoo.model.physical.bounds.search_tree import STAGES
from imcmoo.model.physical.model import PhysicalEvaluator, physical_model
from imcmoo.model.physical.parameters import COLUMNS
from imcmoo.networks.workloads import Workload, WorkloadSet
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.search.sampling import draw_feasible
from imcmoo.space.parameters import Categorical, Conditional, Ordinal
from imcmoo.space.restricted import restricted
from problems import DIMC_PHYSICAL, RRAM_EXTENDED, SRAM_EXTENDED, STUDIES
from tests.model.physical.designs import tiny_generation

pytestmark = pytest.mark.usefixtures("_shared_noise")

LIMIT = 800e-6
FEW_DESIGNS = 2
COSTS = ("energy", "latency", "interval", "edp", "area", "package", "silicon")
OPTIONAL = (
    Categorical("adc_window", ("sigma", "range")),
    Ordinal("redundancy", (1, 3)),
    Categorical("cell_errors", ("uniform", "wan2022_1s")),
)
"""Parameters that no shipped space has."""
FEW_CIRCUITS = {"voltage_V": (0.7, 1.0), "adc_bits": (5, 6, 7), "columns_per_adc": (1, 8, 64)}
FEW_NOISES = {"sram": (8, 20), "rram": (1, 10)}
LARGE = {"macros_per_tile": (16,), "tiles_per_group": (32, 64)}
FEW_TREES = {
    "voltage_V": (0.7, 1.0),
    "rows": (64, 512),
    "cols": (512,),
    "input_slice_bits": (1, 4),
    "columns_per_adc": (4, 8),
    "tree_stages": (1, 4),
    "macros_per_tile": (16,),
    "buffer_words": (1, 4),
}
DIMC = replace(
    DIMC_PHYSICAL,
    parameters=(*DIMC_PHYSICAL.parameters, Categorical("schedule", ("layer", "pipelined"))),
    fixed={name: v for name, v in DIMC_PHYSICAL.fixed.items() if name != "schedule"},
)
CLIPPED = {"weight_clip": {"mobilenet_v3_onnx": 0.7, "resnet18_onnx": 0.7}}
DIGITAL = {"resnet18_onnx": Workload.load("resnet18_onnx").layers[3:16:6]}
MODELS = {
    "four_sram": lambda: STUDIES["four_workload_sram_extended"].cost_model(),
    "four_rram": lambda: STUDIES["four_workload_rram_extended"].cost_model(),
    "nine_sram": lambda: STUDIES["nine_workload_sram_extended"].cost_model(),
    "nine_rram": lambda: STUDIES["nine_workload_rram_extended"].cost_model(),
    "nodes": lambda: STUDIES["technology_cost_extended"].cost_model(),
    "together": lambda: few("sram", LARGE, deployment="together"),
    "rewritten": lambda: few("rram", requests_per_switch=1),
    "precision": lambda: few("sram", input_bits=(8, 5), weight_bits=(4, 8)),
    "no_memory": lambda: few("sram", {"dram": ("none", "x64", "hbm2")}),
    "optional": lambda: few("rram", {"adc_noise": (1,)}, added=OPTIONAL),
    "noise": lambda: few("sram", {"adc_noise": (8, 12, 20)}),
    "noise_rram": lambda: few("rram", {"adc_noise": (1, 2, 10)}),
    "digital": lambda: few("rram", requests_per_switch=1, layers_digital=DIGITAL, **CLIPPED),
    "digital_macros": lambda: few("dimc", FEW_TREES),
    "digital_sram": lambda: few("sram", layers_digital=DIGITAL, deployment="together"),
    "generation": lambda: few("sram", networks=generated()),
    "generation_rram": lambda: few("rram", networks=generated(), deployment="together"),
}


def generated():
    """Prefill and step of a small language model, and a network beside their caches."""
    made = tiny_generation(1500, 64, batch=8)
    return WorkloadSet((made.prefill, made.step, Workload.load("mobilenet_v3_onnx")))


def few(device, values=None, added=(), networks=None, **options):
    """A model of two networks, or of others, with few circuits, since noise takes most time."""
    space = {"rram": RRAM_EXTENDED, "sram": SRAM_EXTENDED, "dimc": DIMC}[device]
    circuits = FEW_CIRCUITS | {"adc_noise": FEW_NOISES.get(device)}
    circuits = {name: v for name, v in circuits.items() if name in space.names}
    space = restricted(space, circuits | (values or {}), name="few")
    space = replace(space, parameters=(*added, *space.parameters))
    networks = networks or WorkloadSet.load(("mobilenet_v3_onnx", "resnet18_onnx"))
    return physical_model(space, networks, **options)


def pipelined_and_not(problem, rng):
    """A few feasible designs of each schedule, shape (n, n_parameters)."""
    space, at = problem.space, problem.space.names.index("schedule")
    found = []
    for schedule in range(space.shape[at]):
        for _ in range(500):
            levels = space.random(1_000, rng)
            levels[:, at] = schedule
            feasible, _ = problem.feasible(levels[problem.feasibility.screened(levels) <= 0])
            if len(feasible):
                found.append(feasible[:FEW_DESIGNS])
                break
    return np.concatenate(found)


def schedules_of(name):
    """Schedules with feasible designs: weights of four networks and more do not fit SRAM chips of
    this size at once, as pipelines need."""
    return (0,) if name in ("four_sram", "nine_sram") else (0, 1)


def check_model(model, n, area_limit_m2=LIMIT, *, exact=True, schedules=(0, 1)):
    """At no stage a bound is above a design, as the check of certificates finds; relaxed bounds are
    no tighter; the bound of a single design is what it costs."""
    problem = AcceleratorProblem(model, area_limit_m2=area_limit_m2)
    tree = model.partials(problem.largest_area_m2)
    levels = draw_feasible(problem, n, np.random.default_rng(3))
    with patch.object(check, "RANDOM_DESIGNS", n):
        optima = pipelined_and_not(problem, np.random.default_rng(4))
        assert {*optima[:, model.space.names.index("schedule")]} == {*schedules}
        assert check.validate_bounds(problem, tree, [optima]) > n
    true = model.evaluate(levels)
    costs = {**true.values, "edp": edp(true.energy_J, true.latency_s)}
    for stage in range(len(STAGES)):
        check_relaxed_bound(tree, tree.ancestors(levels, stage), stage)
    bounds = tree.bound(tree.ancestors(levels, len(STAGES))).values
    for name in COSTS if exact else ():
        # Writing weights at a switch of networks takes time that the bounds leave out.
        assert np.median(bounds[name] / costs[name]) > 1 - 1e-6, name


def check_relaxed_bound(tree, parents, stage):
    """Relaxed bounds are in the order of the children, and no tighter where chips may run all."""
    relaxed = tree.relaxed_bound(parents, stage)
    if relaxed is None:
        return
    every, _ = tree.children(parents, stage)
    assert (tree.n_leaves(every) == tree.child_leaves(parents, stage)).all()
    bounds = tree.bound(every).values
    allowed = tree.screen(every).area_m2 <= LIMIT
    for name in COSTS:
        below = relaxed.values[name] <= bounds[name] * (1 + 1e-9)
        assert below[allowed].all(), (stage, name)
        if tree.bound_from < stage + 1 < tree.refined_from:
            np.testing.assert_allclose(relaxed.values[name], bounds[name], rtol=1e-9)


FEW_ARRAYS = {"rows": (64, 256), "cols": (128,), "active_rows": (8, 32), "input_slice_bits": (1, 2)}


@pytest.mark.parametrize("device", ["rram", "sram"])
def test_tilings_are_bounded_once_for_all_networks_and_below_each_one_alone(device):
    # Circuits of RRAM that lose little: most others are not allowed.
    quiet = {"rram": {"adc_noise": (1,), "bits_per_cell": (1,), "adc_bits": (5, 6)}, "sram": {}}
    model = few(device, FEW_ARRAYS | quiet[device])
    rng = np.random.default_rng(5)
    bounded, bound = [], BoundedTree._bound_tilings

    def counted(tree, rows):
        bounded.append(len(rows))
        return bound(tree, rows)

    levels = model.space.random(3_000, rng)
    with patch.object(BoundedTree, "_bound_tilings", counted):
        for one in [*(model.for_network(name) for name in model.workload_names), model]:
            tree = one.partials(LIMIT)
            arrays, _ = tree.children(tree.start, 0)
            children, _ = tree.children(arrays, 1)
            at = {row.tobytes(): i for i, row in enumerate(children)}
            true = one.evaluate(levels)
            allowed = np.flatnonzero(true.runs.all(axis=1) & (true.area_m2 <= LIMIT))
            which = [at[row.tobytes()] for row in tree.ancestors(levels[allowed], 2)]
            relaxed = tree.relaxed_bound(arrays, 1)
            assert len(allowed) > 20
            for name in ("energy", "latency", "interval", "area"):
                assert (relaxed.values[name][which] <= true.values[name][allowed]).all(), name
    assert bounded.count(len(arrays)) == 1


def test_all_networks_together_are_bounded_without_bounds_for_any_of_them():
    model = few("rram", FEW_ARRAYS)
    model.partials(LIMIT)
    assert not model._any_network_trees
    model.for_network("resnet18_onnx").partials(LIMIT)
    assert model._any_network_trees


SLOW_ONES = [
    pytest.param(name, marks=pytest.mark.slow) for name in ("four_rram", "four_sram", "nodes")
]


@pytest.mark.parametrize(
    "name",
    [
        *("together", "noise", "digital_macros"),
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("precision", "optional")),
        *SLOW_ONES,
    ],
)
def test_no_bound_is_above_a_design(name):
    check_model(MODELS[name](), 12, schedules=schedules_of(name))


@pytest.mark.parametrize(
    "name",
    [
        *("no_memory", "digital_sram"),
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("rewritten", "digital")),
    ],
)
def test_no_bound_is_above_a_design_whatever_is_written_and_where_memory_may_lack(name):
    check_model(MODELS[name](), 12, None, exact=False)


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_no_bound_is_above_any_of_many_designs(name):
    if name not in ("rewritten", "no_memory", "optional", "digital"):
        n = 30 if "rram" in name else 1300
        # Circuits of RRAM that keep nine networks' limits need more area.
        limit = 4 * LIMIT if name == "nine_rram" else LIMIT
        check_model(MODELS[name](), n, limit, schedules=schedules_of(name))


@pytest.mark.parametrize(
    "name", ["together", pytest.param("rewritten", marks=pytest.mark.slow), *SLOW_ONES]
)
def test_every_stage_stands_for_the_same_designs(name):
    model = MODELS[name]()
    tree, rng = model.partials(LIMIT), np.random.default_rng(6)
    rows = tree.start
    assert tree.n_leaves(rows).tolist() == [model.space.size]
    for stage in range(len(STAGES)):
        children, of = tree.children(rows, stage)
        assert len(np.unique(children, axis=0)) == len(children)
        sums = np.bincount(of, tree.n_leaves(children), len(rows))
        assert sums.tolist() == tree.n_leaves(rows).tolist()
        part = np.sort(rng.choice(len(children), min(20, len(children)), replace=False))
        if tree.stages[stage] != "grouping":
            assert (tree.children(rows, stage, part)[0] == children[part]).all()
        rows = children[part]
    assert (tree.n_leaves(rows) == 1).all()
    model.space.validate(tree.designs(rows))


FEW_HOLDS = {"voltage_V": (0.7, 1.0), "adc_bits": (6, 7), "cols": (128, 256)}


@pytest.mark.parametrize(("device", "holds"), [("rram", (0,)), ("sram", (0, 1))])
def test_no_bound_is_above_a_design_with_or_without_holds(device, holds):
    check_model(few(device, FEW_HOLDS | {"sample_and_hold": holds}), 60)


def test_the_table_of_a_cost_term_has_only_the_parameters_that_the_term_depends_on():
    values = np.broadcast_to(np.array([3.0, np.inf, 2.0])[:, None], (3, 4))
    table = chip_bounds.TermTable.of(("rows", "cols"), values)
    assert table.parameters == ("rows",)
    assert table.values.tolist() == [3.0, np.inf, 2.0, 2.0]
    levels = {"rows": np.array([[1], [-1]]), "cols": np.array([[2, 3, -1]])}
    assert table.values[table.places(levels)].tolist() == [[np.inf], [2.0]]
    constant = chip_bounds.TermTable.of(("rows", "cols"), np.full((3, 4), 5.0))
    assert constant.values[constant.places(levels)].tolist() == [[5.0]]


def test_a_cost_term_that_depends_on_an_undeclared_parameter_is_refused(monkeypatch):
    monkeypatch.setitem(COLUMNS, "voltage_V", replace(COLUMNS["voltage_V"], decides=""))
    with pytest.raises(NoBounds, match="depends on more than"):
        few("sram").partials(LIMIT)


def depending(name, on, values_of):
    """A small SRAM space with a parameter that depends on another."""
    small = few("sram")
    decider = small.space.parameters[small.space.names.index(on)]
    plain = SRAM_EXTENDED.parameters[SRAM_EXTENDED.names.index(name)]
    other = Conditional(name, decider, {v: values_of(v, plain.values) for v in decider.values})
    parameters = tuple(other if p.name == name else p for p in small.space.parameters)
    return PhysicalEvaluator(replace(small.space, parameters=parameters), small.workloads)


@pytest.mark.parametrize(
    ("name", "on"),
    [("adc_bits", "columns_per_adc"), ("adc_bits", "macros_per_tile"), ("dram", "rows")],
)
def test_a_parameter_that_depends_on_one_chosen_later_has_no_bounds(name, on):
    """Free parameters enter by their minimum over one row of a conditional parameter's values."""
    with pytest.raises(NoBounds, match=f"{name} must not depend on {on}"):
        depending(name, on, lambda _, values: values).partials(LIMIT)


def test_a_parameter_that_depends_on_the_array_is_bounded():
    """Tables are by the deciding parameter, too, and so is the most optimistic resolution."""
    check_model(depending("adc_bits", "rows", lambda rows, _: (6, 8) if rows > 128 else (9, 5)), 12)


def test_a_model_with_a_rule_off_is_not_bounded():
    model = few("sram", switches=replace(chip_bounds.RULES, strides=False))
    with pytest.raises(NoBounds, match="a rule of the model is off"):
        model.partials(LIMIT)


@pytest.mark.parametrize("column", ["link_bits", "glb_banks"])
def test_bounds_that_read_a_free_column_without_an_optimum_are_refused(column, monkeypatch):
    spill = Batch.spill_bits.func
    monkeypatch.setattr(
        Batch, "spill_bits", property(lambda self: spill(self) * getattr(self.designs, column)[0])
    )
    with pytest.raises(NoBounds, match=f"cannot certify: OPTIMISTIC lacks {column}"):
        few("sram").partials(800e-6)
