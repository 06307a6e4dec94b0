"""Exact answers in files: read back as they were, and only for the problem they are of."""

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
from imcmoo.hardware.component_table import ComponentTable
from imcmoo.io.errors import InputError
from imcmoo.model.reference.evaluator import Evaluator
from imcmoo.networks.workloads import WorkloadSet
from imcmoo.problem.criteria import SCORES
from imcmoo.problem.identity import fingerprint, identity
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import costs_of, edap
from imcmoo.space.design_space import DesignSpace
from imcmoo.space.parameters import Conditional, Ordinal
from problems import STUDIES
from tests.exact.test_enumeration import CASES, exact_of
from tests.model.reference import scalar_energy as plain

ROOT = Path(__file__).parents[2]

LAST_BITS = 1e-15
"""What decimal text and a change of units may cost a number."""

OPTIONS = {"study": "few", "deployment": "alone"}


def saved(name, folder):
    """Save the answer of a case; returns its problem and its identity."""
    problem = CASES[name].problem()
    mark = identity(problem)
    exact.save(exact_of(name), folder, problem, mark, OPTIONS)
    return problem, mark


@pytest.mark.parametrize("name", CASES)
def test_an_answer_is_read_back_as_it_was(name, tmp_path):
    problem, mark = saved(name, tmp_path / "new" / "folder")
    back, original = exact.load(tmp_path / "new" / "folder", problem, mark), exact_of(name)
    assert back.n_feasible == original.n_feasible
    assert list(back.optima) == list(original.optima)
    for criterion, optimum in original.optima.items():
        found = back.optima[criterion]
        assert found.value == pytest.approx(optimum.value, rel=LAST_BITS, abs=0), criterion
        np.testing.assert_array_equal(found.ranks, optimum.ranks, err_msg=criterion)
    np.testing.assert_allclose(back.front, original.front, rtol=LAST_BITS, atol=0)
    np.testing.assert_array_equal(back.ranks, original.ranks)
    np.testing.assert_array_equal(back.designs, original.designs)


@pytest.mark.parametrize("name", CASES)
def test_saving_what_was_read_back_changes_no_byte(name, tmp_path):
    problem, mark = saved(name, tmp_path / "first")
    back = exact.load(tmp_path / "first", problem, mark)
    exact.save(back, tmp_path / "second", problem, mark, OPTIONS)
    first, second = (
        {p.name: p.read_text() for p in (tmp_path / which).iterdir()}
        for which in ("first", "second")
    )
    assert first == second


def test_a_folder_has_three_files_and_a_new_answer_replaces_them(tmp_path):
    saved("rram", tmp_path)
    names = ["front.csv", "optima.csv", "summary.json"]
    assert sorted(p.name for p in tmp_path.iterdir()) == names
    before = {name: (tmp_path / name).read_bytes() for name in names}
    (tmp_path / "notes.txt").write_text("mine")
    problem, mark = saved("technology", tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([*names, "notes.txt"])
    assert all((tmp_path / name).read_bytes() != before[name] for name in names)
    assert exact.load(tmp_path, problem, mark).n_feasible == exact_of("technology").n_feasible


@pytest.mark.parametrize("name", CASES)
def test_optima_are_one_row_per_criterion_and_tie_with_what_the_design_really_has(name, tmp_path):
    problem, _ = saved(name, tmp_path)
    space, optima = problem.space, pd.read_csv(tmp_path / "optima.csv")
    assert list(optima.columns) == ["criterion", "value", *space.names]
    counts = {criterion: len(o.ranks) for criterion, o in exact_of(name).optima.items()}
    assert optima["criterion"].value_counts(sort=False).to_dict() == counts
    levels = space.encode({n: optima[n].to_numpy() for n in space.names})
    metrics = problem.model.evaluate(levels)
    values = edap(metrics.energy_J, metrics.latency_s, metrics.area_m2)
    own = problem.model.time_multiplexed().evaluate(levels)
    alone = edap(own.energy_J, own.latency_s, own.area_m2)
    costs = costs_of(metrics.energy_J, metrics.latency_s, metrics.area_m2)
    expected = {key: score(costs) for key, score in SCORES.items()}
    expected["area"] = metrics.area_m2 * 1e6
    for w, network in enumerate(problem.workload_names):
        expected[f"edap_{network}"], expected[f"alone_{network}"] = values[:, w], alone[:, w]
        expected[f"energy_{network}"] = metrics.energy_J[:, w]
        expected[f"latency_{network}"] = metrics.latency_s[:, w]
    if problem.cost_per_cm2:
        per_cm2 = optima["technology_nm"].map(problem.cost_per_cm2)
        expected["cost"] = metrics.area_m2 * 1e4 * per_cm2
    for regret, kind in (("regret_minimax", "alone"), ("regret_minimax_joint", "edap")):
        own = [exact_of(name).optima[f"{kind}_{w}"].value for w in problem.workload_names]
        expected[regret] = (values / own).max(axis=1) - 1
    assert set(expected) == set(counts)
    for row, criterion in enumerate(optima["criterion"]):
        value = np.asarray(expected[criterion])[row]
        assert optima["value"][row] == pytest.approx(value, rel=1e-12, abs=1e-12 * value), criterion


@pytest.mark.parametrize("name", CASES)
def test_the_front_is_one_row_per_point_with_what_the_design_really_has(name, tmp_path):
    problem, _ = saved(name, tmp_path)
    space, front = problem.space, pd.read_csv(tmp_path / "front.csv")
    networks = problem.workload_names
    objectives = [
        *(f"energy_{w}_J" for w in networks),
        *(f"latency_{w}_s" for w in networks),
        "area_mm2",
        *(["cost"] if problem.cost_per_cm2 else []),
    ]
    assert list(front.columns) == [*space.names, "designs", *objectives]
    levels = space.encode({n: front[n].to_numpy() for n in space.names})
    F = problem.evaluate(levels, return_values_of=["F"])
    F[:, 2 * len(networks)] *= 1e6
    np.testing.assert_allclose(front[objectives].to_numpy(), F, rtol=1e-14)
    assert (front["designs"] >= 1).all()


def test_the_summary_says_what_the_files_hold(tmp_path):
    problem, mark = saved("rram", tmp_path)
    summary = exact.read_summary(tmp_path)
    optima, front = (pd.read_csv(tmp_path / f"{n}.csv") for n in ("optima", "front"))
    assert summary["study"] == "few"
    assert summary["identity"] == mark
    assert summary["designs"] == problem.space.size == 512
    assert summary["feasible_designs"] == exact_of("rram").n_feasible
    assert summary["front_points"] == len(front)
    assert summary["front_designs"] == front["designs"].sum()
    by_criterion = optima.groupby("criterion", sort=False)["value"]
    assert summary["optima"] == {
        name: {"value": pytest.approx(values.iloc[0], rel=LAST_BITS, abs=0), "designs": len(values)}
        for name, values in by_criterion
    }


@pytest.mark.parametrize("file", ["optima.csv", "front.csv", "summary.json"])
def test_an_answer_that_was_not_written_to_its_end_is_none(file, tmp_path, monkeypatch):
    """Also where a complete one stood before."""
    problem, mark = saved("rram", tmp_path)
    original = Path.replace

    def fails(self, target):
        if target.name == file:
            raise OSError("disk full")
        return original(self, target)

    monkeypatch.setattr(Path, "replace", fails)
    with pytest.raises(OSError, match="disk full"):
        saved("sram", tmp_path)
    with pytest.raises(FileNotFoundError):
        exact.load(tmp_path, problem, mark)
    assert not [p.name for p in tmp_path.iterdir() if p.name.startswith(".")]


def test_no_folder_holds_no_answer(tmp_path):
    problem = CASES["rram"].problem()
    with pytest.raises(FileNotFoundError):
        exact.load(tmp_path / "nowhere", problem, identity(problem))


# Whose answer it is.


def pose_few(
    space=plain.TECHNOLOGY_FEW,
    networks=plain.STREAMED,
    scaling="reference",
    deployment="alone",
    area_limit_m2=20e-6,
    cost=((7, 387.0), (22, 128.0)),
):
    table = ComponentTable.load(scaling=scaling)
    evaluator = Evaluator(space, WorkloadSet(networks), table, deployment=deployment)
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


def leaving(network, n):
    """A network without its first layers."""
    parts = {f: getattr(network, f)[n:] for f in BY_LAYER}
    return replace(network, **parts)


def taking(network, other, n):
    """A network with the first layers of another at its end."""
    tuples = {f: getattr(network, f) + getattr(other, f)[:n] for f in BY_LAYER[:2]}
    arrays = {f: np.concatenate([getattr(network, f), getattr(other, f)[:n]]) for f in BY_LAYER[2:]}
    return replace(network, **tuples, **arrays)


BY_LAYER = ("layers", "kinds", "shapes", "strides", "input_bits", "weight_bits")

wide, light = plain.STREAMED

OTHERS = {
    "area limit": {"area_limit_m2": 21e-6},
    "scaling": {"scaling": "current"},
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
    "whose layer it is": {"networks": (taking(wide, light, 1), leaving(light, 1))},
}


@pytest.mark.parametrize("other", OTHERS)
def test_the_answer_of_another_problem_is_refused(other, tmp_path):
    problem = pose_few()
    mark = identity(problem)
    exact.save(exact_of("technology"), tmp_path, problem, mark, OPTIONS)
    assert exact.load(tmp_path, problem, mark).n_feasible == exact_of("technology").n_feasible
    another = pose_few(**OTHERS[other])
    with pytest.raises(exact.OtherProblem, match=r"is of (an)?other"):
        exact.load(tmp_path, another, identity(another))


def test_the_same_problem_built_again_has_the_same_fingerprint():
    first, second = pose_few(), pose_few(space=few_technologies())
    first.model.evaluate(first.space.random(20, np.random.default_rng(0)))
    marks = [identity(p) for p in (first, second)]
    assert marks[0] == marks[1]
    assert len(fingerprint(first)) == 64


def test_a_network_s_strides_and_layer_names_do_not_matter():
    """The cost model knows nothing of them."""
    problem = pose_few()
    strides = changed("strides", 0, 0, 2)
    names = (replace(wide, layers=("a", "b")), light)
    others = [pose_few(networks=networks) for networks in (strides, names)]
    marks = {fingerprint(p) for p in (problem, *others)}
    assert len(marks) == 1


FINGERPRINT = """
from imcmoo.problem.identity import fingerprint
from problems import STUDIES
print(fingerprint(STUDIES["four_workload_rram"].problem()))
"""


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_another_process_has_the_same_fingerprint(hash_seed):
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-c", FINGERPRINT]
    found = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == fingerprint(STUDIES["four_workload_rram"].problem())


@pytest.mark.parametrize("study", STUDIES.values(), ids=list(STUDIES))
def test_an_area_limit_given_in_mm2_is_the_study_s_own(study):
    """`--area-limit 800` is no other problem where 800 is the default."""
    given = replace(study, area_limit_m2=area(f"{study.area_limit_m2 * 1e6:.0f}"))
    own, same = (identity(s.problem()) for s in (study, given))
    assert own == same


def test_studies_have_fingerprints_of_their_own():
    marks = {fingerprint(study.problem()) for study in STUDIES.values()}
    assert len(marks) == len(STUDIES)


def test_an_edited_comment_of_our_code_voids_nothing(tmp_path, monkeypatch):
    problem, mark = saved("rram", tmp_path)
    original = Path.read_bytes

    def edited(path):
        return original(path) + b"# more\n" * (path.suffix == ".py")

    monkeypatch.setattr(Path, "read_bytes", edited)
    assert identity(problem) == mark
    assert exact.load(tmp_path, problem, identity(problem)).n_feasible


# Damaged.


@pytest.mark.parametrize("name", ["optima.csv", "front.csv"])
def test_a_damaged_table_is_refused_in_one_line(name, tmp_path):
    """One digit is enough."""
    problem, mark = saved("rram", tmp_path)
    path = tmp_path / name
    text = path.read_text()
    last = max(map(text.rfind, "0123456789"))
    path.write_text(f"{text[:last]}{(int(text[last]) + 1) % 10}{text[last + 1 :]}")
    with pytest.raises(InputError, match=f"{name} is damaged") as refusal:
        exact.load(tmp_path, problem, mark)
    assert "\n" not in str(refusal.value)
