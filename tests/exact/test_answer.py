"""Exact answers in files: read back as they were, only for the problem and model they are of."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from imcmoo.cli.arguments import area
from imcmoo.exact import answer as exact
from imcmoo.exact import behaviour
from imcmoo.exact.check import Refused
from imcmoo.hardware.component_table import ComponentTable
from imcmoo.io.errors import InputError
from imcmoo.model.reference.evaluator import Evaluator
from imcmoo.networks.workloads import WorkloadSet
from imcmoo.problem.identity import ENUMERATION_VERSION, problem_stamp
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.solve.certify import certify
from imcmoo.solve.check_certificate import Checker
from imcmoo.space.design_space import DesignSpace
from imcmoo.space.parameters import Conditional, Ordinal
from problems import STUDIES
from tests import ROOT
from tests.cli.helpers import contents
from tests.exact.brute_force import CASES, exact_of
from tests.exact.certified_spaces import parts
from tests.fakes import FakeEvaluator, network
from tests.model.reference import scalar_energy as plain

LAST_BITS = 1e-15
"""What decimal text and a change of units may cost a number."""

SETTINGS = {"study": "few", "deployment": "alone"}


def saved(name, folder):
    """Save the answer of a case; returns its problem and its stamp."""
    problem = CASES[name].problem()
    stamp = problem_stamp(problem, settings=SETTINGS)
    exact.save(exact_of(name), folder, problem, stamp)
    return problem, stamp


@pytest.mark.parametrize("name", CASES)
def test_an_answer_is_read_back_as_it_was_and_saved_again_changes_no_byte(name, tmp_path):
    problem, stamp = saved(name, tmp_path / "new" / "folder")
    back, original = exact.load(tmp_path / "new" / "folder", problem, stamp), exact_of(name)
    assert back.n_feasible == original.n_feasible
    assert list(back.optima) == list(original.optima)
    for criterion, optimum in original.optima.items():
        value = back.optima[criterion].value
        assert value == pytest.approx(optimum.value, rel=LAST_BITS, abs=0), criterion
        np.testing.assert_array_equal(back.optima[criterion].ranks, optimum.ranks)
    np.testing.assert_allclose(back.front, original.front, rtol=LAST_BITS, atol=0)
    np.testing.assert_array_equal(back.ranks, original.ranks)
    np.testing.assert_array_equal(back.designs, original.designs)
    exact.save(back, tmp_path / "second", problem, stamp)
    assert contents(tmp_path / "second") == contents(tmp_path / "new" / "folder")


@pytest.mark.parametrize("name", CASES)
def test_tables_have_a_row_per_tie_and_point_with_what_the_design_really_has(name, tmp_path):
    problem, _ = saved(name, tmp_path)
    space, names, n = problem.space, problem.workload_names, len(problem.workload_names)
    optima, front = (pd.read_csv(tmp_path / f"{table}.csv") for table in ("optima", "points"))
    figures = [*(f"energy_{w}_J" for w in names), *(f"latency_{w}_s" for w in names), "area_mm2"]
    figures += ["cost"] if problem.cost_per_cm2 else []
    assert list(front.columns) == [*space.names, "designs", *figures]
    F = problem.evaluate(levels_of(space, front), return_values_of=["F"])
    F[:, 2 * n] *= 1e6
    np.testing.assert_allclose(front[figures].to_numpy(), F, rtol=1e-14)
    assert (front["designs"] >= 1).all()
    assert list(optima.columns) == ["criterion", "value", *space.names]
    ties = {criterion: len(o.ranks) for criterion, o in exact_of(name).optima.items()}
    assert optima["criterion"].value_counts(sort=False).to_dict() == ties
    F = problem.evaluate(levels_of(space, optima), return_values_of=["F"])
    for column, criterion in enumerate([*(f"energy_{w}" for w in names), "area"]):
        rows = (optima["criterion"] == criterion).to_numpy()
        of_design = F[rows, column] if criterion != "area" else F[rows, 2 * n] * 1e6
        np.testing.assert_allclose(optima["value"][rows], of_design, rtol=1e-14)


def levels_of(space, table):
    return space.encode({name: table[name].to_numpy() for name in space.names})


def test_the_summary_says_what_the_files_hold(tmp_path):
    problem, stamp = saved("rram", tmp_path)
    summary = exact.read_summary(tmp_path)
    optima, front = (pd.read_csv(tmp_path / f"{n}.csv") for n in ("optima", "points"))
    assert summary["stamp"] == stamp.to_json()
    assert summary["stamp"]["settings"] == SETTINGS
    assert summary["designs"] == problem.space.size == 512
    assert summary["feasible_designs"] == exact_of("rram").n_feasible
    assert summary["front_points"] == len(front)
    assert summary["front_designs"] == front["designs"].sum()
    by_criterion = optima.groupby("criterion", sort=False)["value"]
    assert summary["optima"] == {
        name: {"value": pytest.approx(values.iloc[0], rel=LAST_BITS, abs=0), "designs": len(values)}
        for name, values in by_criterion
    }


@pytest.mark.parametrize("file", ["optima.csv", "points.csv", "summary.json"])
def test_an_answer_that_was_not_written_to_its_end_is_none(file, tmp_path, monkeypatch):
    """Also where a complete one stood before."""
    problem, stamp = saved("rram", tmp_path)
    original = Path.replace

    def fails(self, target):
        if target.name == file:
            raise OSError("disk full")
        return original(self, target)

    monkeypatch.setattr(Path, "replace", fails)
    with pytest.raises(OSError, match="disk full"):
        saved("sram", tmp_path)
    with pytest.raises(FileNotFoundError):
        exact.load(tmp_path, problem, stamp)
    assert not [p.name for p in tmp_path.iterdir() if p.name.startswith(".")]


# Whose answer it is.


def pose_few(
    space=plain.TECHNOLOGY_FEW,
    networks=plain.STREAMED,
    load=ComponentTable.load,
    deployment="alone",
    area_limit_m2=20e-6,
    cost=((7, 387.0), (22, 128.0)),
):
    evaluator = Evaluator(space, WorkloadSet(networks), load(), deployment=deployment)
    per_cm2 = dict(cost) if cost else None
    return AcceleratorProblem(evaluator, area_limit_m2=area_limit_m2, cost_per_cm2=per_cm2)


def few_technologies(voltages_at_22=(0.65, 0.9), rows=(16, 128), **fixed):
    """The space of `pose_few`, or one that differs from it."""
    node, voltage, *sizes = plain.TECHNOLOGY_FEW.parameters
    voltage = Conditional("voltage_V", node, {7: voltage.rows[0].values, 22: voltages_at_22})
    sizes = [Ordinal("rows", rows) if p.name == "rows" else p for p in sizes]
    return DesignSpace(
        "few_technologies", (node, voltage, *sizes), plain.TECHNOLOGY_FEW.fixed | fixed
    )


def changed(field, row, column, value):
    """The networks of `pose_few` with one number of one layer changed."""
    first, *others = plain.STREAMED
    values = getattr(first, field).copy()
    values[row, column] = value
    return (replace(first, **{field: values}), *others)


wide, light = plain.STREAMED

OTHERS = {
    "area limit": {"area_limit_m2": 21e-6},
    "component table": {"load": ComponentTable.read},
    "deployment": {"deployment": "together"},
    "cost": {"cost": ((7, 387.0), (22, 129.0))},
    "no cost": {"cost": None},
    "a parameter's value": {"space": few_technologies(rows=(16, 64))},
    "a parameter's number of values": {"space": few_technologies(rows=(16, 64, 128))},
    "a conditional value": {"space": few_technologies(voltages_at_22=(0.65, 0.85))},
    "a fixed value": {"space": few_technologies(note="other")},
    "network's name": {"networks": (replace(wide, name="tall"), light)},
    "order of networks": {"networks": (light, wide)},
    "fewer networks": {"networks": (wide,)},
    "a layer's size": {"networks": changed("shapes", 1, 0, 4)},
    "an input density": {"networks": changed("input_bits", 1, 3, 0.123)},
    "a weight density": {"networks": changed("weight_bits", 0, 7, 0.321)},
}


@pytest.mark.parametrize("other", OTHERS)
def test_the_answer_of_another_problem_is_refused(other, tmp_path):
    problem = pose_few()
    stamp = problem_stamp(problem)
    exact.save(exact_of("technology"), tmp_path, problem, stamp)
    assert exact.load(tmp_path, problem, stamp).n_feasible == exact_of("technology").n_feasible
    another = pose_few(**OTHERS[other])
    with pytest.raises(exact.OtherProblem, match=r"is of (an)?other"):
        exact.load(tmp_path, another, problem_stamp(another))


def test_whose_layer_it_is_makes_another_problem():
    shapes = [(16, 16, 8, 8, 3, 3, 1, 1), (16, 32, 8, 8, 1, 1, 1, 1), (32, 10, 1, 1, 1, 1, 1, 1)]
    first, second = (
        pose_few(networks=(network(shapes[:n], "a"), network(shapes[n:], "b"))) for n in (1, 2)
    )
    assert problem_stamp(second).difference(problem_stamp(first).to_json()).startswith("other data")


def test_another_process_has_the_same_stamp():
    code = (
        "from imcmoo.problem.identity import problem_stamp; from problems import STUDIES\n"
        "print(problem_stamp(STUDIES['four_workload_rram'].problem()).digest())\n"
    )
    environment = os.environ | {"PYTHONHASHSEED": "1"}
    command = [sys.executable, "-c", code]
    printed = subprocess.check_output(command, cwd=ROOT, env=environment, text=True)
    assert printed.strip() == problem_stamp(STUDIES["four_workload_rram"].problem()).digest()


def test_only_problems_that_cost_the_same_share_a_stamp():
    """Also of other objects and where strides and names of layers differ, of which costs do not
    depend; `--area-limit 800` is no other problem where 800 is the default.
    """
    problem = pose_few()
    problem.model.evaluate(problem.space.random(20, np.random.default_rng(0)))
    names = (replace(wide, layers=("a", "b")), light)
    same = [{"space": few_technologies()}, {"networks": changed("strides", 0, 0, 2)}]
    for options in (*same, {"networks": names}):
        assert problem_stamp(pose_few(**options)) == problem_stamp(problem)
    studies = [s for name, s in STUDIES.items() if name.startswith("four_workload")]
    marks = [problem_stamp(study.problem()).digest() for study in studies]
    assert len(set(marks)) == len(studies)
    in_mm2 = studies[0].replace(area_limit_mm2=area(f"{studies[0].area_limit_m2 * 1e6:.0f}"))
    assert problem_stamp(in_mm2.problem()).digest() == marks[0]


# Damaged.


@pytest.mark.parametrize("name", ["optima.csv", "points.csv"])
def test_a_table_damaged_in_one_digit_is_refused_in_one_line(name, tmp_path):
    problem, stamp = saved("rram", tmp_path)
    path = tmp_path / name
    text = path.read_text()
    last = max(map(text.rfind, "0123456789"))
    path.write_text(f"{text[:last]}{(int(text[last]) + 1) % 10}{text[last + 1 :]}")
    with pytest.raises(InputError, match=f"{name} is damaged") as refusal:
        exact.load(tmp_path, problem, stamp)
    assert "\n" not in str(refusal.value)


# Of which model it is.

MUTATIONS = [
    ("reference", "counts.WORD_BITS", 7),
    ("reference", "counts.GLB_WORD_BITS", 1024),
    ("reference", "counts.LINK_BITS", 64),
    ("reference", "prices.INPUT_PULSES", 254),
    ("reference", "prices.PRICE_DIGITS", 5),
    ("physical", "chip.GLB_BITS", 1024),
    ("physical", "chip.ROUTER_BITS", 64),
]


def problem_of(model):
    if model == "reference":
        return CASES["rram"].problem()
    return STUDIES["four_workload_sram_physical"].problem()


@pytest.mark.parametrize("model", ["reference", "physical"])
def test_64_designs_run_all_networks_and_are_the_same_each_time(model):
    problem = problem_of(model)
    levels = behaviour.sampled_designs(problem)
    assert len(np.unique(problem.space.rank(levels))) == behaviour.DESIGNS == 64
    assert problem.model.evaluate(levels).runs.all()
    np.testing.assert_array_equal(levels, behaviour.sampled_designs(problem_of(model)))
    stored = behaviour.behaviour(problem, levels)
    assert behaviour.changed(problem_of(model), stored) == ""


@pytest.mark.parametrize(("model", "constant", "value"), MUTATIONS)
def test_a_changed_constant_of_a_model_is_noticed(monkeypatch, model, constant, value):
    problem = problem_of(model)
    stored = behaviour.behaviour(problem, behaviour.sampled_designs(problem))
    stamp = behaviour.behaviour_mark(problem)
    monkeypatch.setattr(f"imcmoo.model.{model}.{constant}", value)
    assert "other numbers of the cost model" in behaviour.changed(problem_of(model), stored)
    assert behaviour.behaviour_mark(problem_of(model)) != stamp
    assert problem_stamp(problem) == problem_stamp(problem_of(model))


def load(folder):
    problem = CASES["rram"].problem()
    return exact.load(folder, problem, problem_stamp(problem))


@pytest.mark.parametrize(
    ("changed", "value", "said"),
    [
        ("model.reference.counts.WORD_BITS", 7, r"other numbers of the cost model \(energy"),
        ("problem.scores.MM2_PER_M2", 1e5, "another optimum by edap_max"),
        ("model.reference.MODEL_VERSION", 9, r"libraries\): reference 1 \(here 9\)"),
        (
            "problem.identity.ENUMERATION_VERSION",
            9,
            rf"libraries\): enumeration {ENUMERATION_VERSION} \(here 9\)",
        ),
    ],
)
def test_an_exact_answer_of_changed_code_is_refused(monkeypatch, tmp_path, changed, value, said):
    saved("rram", tmp_path)
    monkeypatch.setattr("imcmoo.model.physical.MODEL_VERSION", 9)  # another model's
    assert load(tmp_path).n_feasible
    monkeypatch.setattr(f"imcmoo.{changed}", value)
    with pytest.raises(exact.OtherProblem, match=f"is of .*{said}"):
        load(tmp_path)


def test_certificates_of_a_changed_model_are_refused_and_proven_again(monkeypatch):
    (study,) = parts("sram", 8, 1, 300)
    (proven,) = certify(study, "edap_max")
    assert len(proven.behaviour["ranks"]) > 1
    monkeypatch.setattr("imcmoo.model.physical.chip.GLB_BITS", 1024)
    (study,) = parts("sram", 8, 1, 300)  # a model keeps tables of costs
    with pytest.raises(Refused, match="is of other numbers of the cost model"):
        Checker(study).claim(proven)
    heard = []
    (again,) = certify(study, "edap_max", known=[proven], report=heard.append)
    assert again is not proven
    (line,) = heard
    assert line.startswith("edap_max: the certificate here is of other numbers of the cost model")


def test_a_users_model_is_not_evaluated():
    class Users(FakeEvaluator):
        def evaluate(self, levels):
            raise AssertionError

    problem = AcceleratorProblem(Users(STUDIES["four_workload_rram"].space))
    assert not len(behaviour.sampled_designs(problem))
    assert behaviour.behaviour(problem, behaviour.sampled_designs(problem)) == {}
    assert behaviour.changed(problem, {}) == ""
