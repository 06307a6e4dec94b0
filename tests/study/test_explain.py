"""Explanations repeat the cost model, and sums are the metrics of the run."""

from dataclasses import replace

import numpy as np
import pytest

from imcmoo.answers.assessment import EvaluatedDesigns
from imcmoo.answers.explain import explain
from imcmoo.model.metrics import LayerCosts
from imcmoo.problem.criteria import CRITERIA
from imcmoo.report.explanation_tables import limit_table
from imcmoo.study.catalogue import find_study
from tests.scenario.study_text import study_text
from tests.study.files import REFERENCE, STUDIES, written
from tests.test_toy_model import STUDY as TOY


def designs(study, n=1000, seed=0):
    """Random designs of a study, evaluated."""
    rng = np.random.default_rng(seed)
    return EvaluatedDesigns.evaluate(study.problem(), study.space.random(n, rng))


def named(levels):
    return levels, [(f"d{i}",) for i in range(len(levels))]


def runnable(study, n=3):
    """Designs on which some network runs, with all that do not run if there are any."""
    exact = designs(study)
    runs = exact.runs.any(axis=1)
    partly = runs & ~exact.runs.all(axis=1)
    return exact.levels[np.concatenate([np.flatnonzero(runs)[:n], np.flatnonzero(partly)[:1]])]


@pytest.mark.parametrize("name", STUDIES)
@pytest.mark.parametrize("in_full", [True, False])
def test_sums_over_layers_and_components_are_the_metrics(name, in_full):
    study = STUDIES[name]
    levels = runnable(study)
    metrics = study.problem().model.evaluate(levels)
    problem, criterion = study.problem(), CRITERIA["edap_geomean"]
    explanations = explain(problem, criterion, *named(levels), n_in_full=None if in_full else 0)
    assert len(explanations) == len(levels) > 1
    for row, e in enumerate(explanations):
        networks = e.tables["networks"].set_index("network")
        assert networks["runs"].tolist() == metrics.runs[row].tolist()
        running = networks.index[networks["runs"]]
        for table in ("components", "layers"):
            energy = e.tables[table].groupby("network", sort=False)["energy_J"].sum()
            assert energy.index.tolist() == running.tolist()
            np.testing.assert_allclose(energy, metrics.energy_J[row][metrics.runs[row]], rtol=1e-9)
        if e.design.get("schedule") != "pipelined":
            latency = e.tables["layers"].groupby("network", sort=False)["latency_s"].sum()
            expected = metrics.latency_s[row][metrics.runs[row]]
            np.testing.assert_allclose(latency, expected, rtol=1e-9)
        areas = e.tables["areas"]["area_mm2"]
        np.testing.assert_allclose(areas.sum(), metrics.area_m2[row] * 1e6, rtol=1e-9)
        if in_full and name == "physical_rram":  # all weights stay
            held = e.tables["layers"].groupby("network")["utilization"].sum()
            shares = networks["utilization"].dropna()
            np.testing.assert_allclose(held[shares.index], shares, rtol=1e-9)
            assert (shares <= 1).all()
        assert e.chip["area_mm2"] == metrics.area_m2[row] * 1e6


def test_operations_per_second_are_those_of_inference_after_inference():
    study = STUDIES["physical_rram"]
    model, levels = study.problem().model, runnable(study)
    values = model.evaluate(levels).values
    explanations = explain(study.problem(), CRITERIA["edap_geomean"], *named(levels))
    tops = np.stack([e.tables["networks"]["tops"] for e in explanations])
    np.testing.assert_allclose(tops, 2e-12 * model.macs / values["interval"], rtol=1e-12)
    assert (values["interval"] < values["latency"]).any()


def test_few_layers_are_the_largest_in_order_and_one_row_for_the_others():
    levels = runnable(REFERENCE, 1)[:1]
    problem, criterion = REFERENCE.problem(), CRITERIA["edap_max"]
    (whole,) = explain(problem, criterion, *named(levels))
    (short,) = explain(problem, criterion, *named(levels), n_in_full=0)
    for network, layers in whole.tables["layers"].groupby("network"):
        rows = short.tables["layers"]
        rows = rows[rows["network"] == network]
        assert len(rows) == min(9, len(layers))
        listed = layers["layer"].isin(rows["layer"])
        if len(layers) > 9:
            assert rows["layer"].iloc[-1] == f"{len(layers) - 8} others"
            assert layers.loc[listed, "energy_J"].min() >= layers.loc[~listed, "energy_J"].max()


@pytest.mark.parametrize("name", STUDIES)
def test_used_is_above_all_exactly_where_something_is_missing(name):
    study = STUDIES[name]
    exact = designs(study, 300)
    used, n_missing = exact.used(), 0
    n_resources = len(study.problem().model.resource_names) * len(study.names)
    for column in range(n_resources):
        share, missing = used[:, column], exact.missing[:, column]
        if np.isfinite(share).all():
            assert ((share > 1) == (missing > 0)).all(), exact.limit_names[column]
            n_missing += (missing > 0).any()
    assert n_missing or name == "streaming"
    area = exact.metrics.area_m2 / study.area_limit_m2
    np.testing.assert_allclose(used[:, n_resources], area, rtol=1e-12)


def test_neighbours_are_one_step_away_and_say_what_they_gain_and_lack():
    exact = designs(REFERENCE, 4000)
    levels = exact.levels[exact.feasible][:1]
    problem = REFERENCE.problem()
    (e,) = explain(problem, CRITERIA["edap_max"], *named(levels))
    around = problem.space.neighbours(levels[0])
    there = EvaluatedDesigns.evaluate(problem, around)
    table = e.tables["neighbours"]
    assert table["feasible"].tolist() == there.feasible.tolist()
    assert not table["feasible"].all()
    assert not e.tables["changes"]["gain"].isna().all()
    before = problem.space.decode(levels)
    for row, (_, step) in enumerate(table.iterrows()):
        after = problem.space.decode(around[[row]])
        changed = [name for name in before if before[name][0] != after[name][0]]
        assert changed == [step["parameter"]]
        assert (step["before"], step["after"]) == (
            before[changed[0]][0],
            after[changed[0]][0],
        )
        gain = e.tables["changes"].query("step == @row")["gain"].to_numpy()
        np.testing.assert_allclose(
            1 - gain, there.judged[row] / e.tables["networks"]["edap_J_s_mm2"], rtol=1e-12
        )
        lacking = e.tables["lacking"].query("step == @row and limit == 'cells'")
        missing = there.metrics.resources["cells"].missing[row]
        assert dict(zip(lacking["network"], lacking["missing"], strict=True)) == {
            name: m for name, m in zip(REFERENCE.names, missing, strict=True) if m > 0
        }
        rows = there.metrics.resources["cells"].own[row]
        np.testing.assert_allclose(lacking["excess"], lacking["missing"] / rows, rtol=1e-9)
        if there.runs[row].all():
            assert step["score"] == there.judged[row].max()
    ruled_out = e.tables["limits"].set_index(["limit", "network"])["stops"]
    broken = (there.G > 0).sum(axis=0)
    assert ruled_out.tolist() == broken.tolist()


def test_limits_are_evaluated_only_where_all_their_quantities_are_known(tmp_path):
    text = study_text("max_average_power_W = 3")
    study = find_study(written(tmp_path, text))
    some = designs(study, 150)
    partly = some.runs.any(axis=1) & ~some.runs.all(axis=1)
    levels = some.levels[partly][:1]
    (e,) = explain(study.problem(), CRITERIA["edap_max"], *named(levels))
    of_load = ["max_load", "max_average_power_W"]
    limits = e.tables["limits"].set_index("limit").loc[of_load]
    assert limits["used"].isna().all()
    assert limits["excess"].isna().all()
    there = EvaluatedDesigns.evaluate(study.problem(), study.problem().space.neighbours(levels[0]))
    lacking = e.tables["lacking"]
    unknown = np.flatnonzero(~there.runs.all(axis=1))
    assert len(unknown)
    assert not lacking["limit"][lacking["step"].isin(unknown)].isin(of_load).any()
    (full,) = explain(study.problem(), CRITERIA["edap_max"], *named(some.levels[some.feasible][:1]))
    partly_shown, all_shown = (
        {*limit_table(x.tables["limits"]).columns[0].cells} for x in (e, full)
    )
    assert not partly_shown & {*of_load}
    assert all_shown >= {*of_load}


def test_what_is_broken_already_rules_nothing_out():
    exact = designs(REFERENCE, 100)
    broken = exact.G > 0
    levels = exact.levels[broken.any(axis=1)][:1]
    (e,) = explain(REFERENCE.problem(), CRITERIA["edap_max"], *named(levels))
    limits = e.tables["limits"]
    over = limits["excess"] > 0
    assert over.tolist() == broken[broken.any(axis=1)][0].tolist()
    assert (limits.loc[over, "stops"] == 0).all()
    assert (limits.loc[over, "used"] > 1).all()


def test_without_single_network_optima_minimax_regret_is_against_the_design_itself():
    exact = designs(REFERENCE, 4000)
    levels = exact.levels[exact.feasible][:1]
    (alone,) = explain(REFERENCE.problem(), CRITERIA["regret_minimax"], *named(levels))
    assert (alone.score, alone.against) == (0.0, "this design")
    best = exact.judged[exact.feasible].min(axis=0)
    (among,) = explain(
        REFERENCE.problem(), CRITERIA["regret_minimax"], *named(levels), reference_edap=best
    )
    assert among.against == "best found"
    assert among.score == (exact.judged[exact.feasible][0] / best).max() - 1


def test_areas_that_a_model_says_beside_its_quantities_are_in_mm2(monkeypatch):
    problem = TOY.problem()
    evaluate, plain = problem.model.evaluate, np.array([[5, 4, 4, 1, 1, 0]])

    def with_reach(levels):
        metrics = evaluate(levels)
        return replace(metrics, values={**metrics.values, "reach_m2": metrics.values["delay"]})

    costs = LayerCosts(
        layers=[(name, "all") for name in problem.workload_names],
        components=["array"],
        energy_J=np.ones((1, 2, 1)),
        area_m2=np.ones((1, 1)),
        details={"patch_m2": np.array([[1e-6, 2e-6]]), "kind": np.array([["a", "b"]])},
    )
    monkeypatch.setattr(problem.model, "evaluate", with_reach)
    monkeypatch.setattr(problem.model, "breakdown", lambda levels: costs, raising=False)
    (explained,) = explain(problem, TOY.resolved_criterion, *named(plain))
    networks = explained.tables["networks"]
    assert networks["patch_mm2"].to_numpy() == pytest.approx([1.0, 2.0])
    assert networks["reach_mm2"].to_numpy() == pytest.approx(1e6 * networks["delay_s"].to_numpy())
    assert networks["kind"].tolist() == ["a", "b"]
    assert not {"patch_m2", "reach_m2"} & {*networks}


def test_a_model_without_abilities_is_explained_as_far_as_it_tells():
    problem = TOY.problem()
    corner = TOY.space.encode(
        {name: np.array([v]) for name, v in zip(TOY.space.names, (4, 4, 5, 0, 0, "h"), strict=True)}
    )
    plain = np.array([[5, 4, 4, 1, 1, 0]])
    levels = np.concatenate([corner, plain])
    fails, runs = explain(problem, TOY.resolved_criterion, *named(levels))
    assert runs.judged_by == "delay"
    assert runs.feasible
    assert not fails.feasible
    for name in ("areas", "components", "layers"):
        assert not len(runs.tables[name])
    assert list(runs.tables["networks"]) == ["network", "runs", "delay_s", "accuracy_dB"]
    assert fails.tables["networks"]["delay_s"].isna().all()
    assert fails.tables["limits"]["missing"].tolist() == [13.0, 13.0]
    assert np.isnan(fails.score)
    assert np.isfinite(runs.score)
    # Four numbers with two neighbours each, one at 1, and nine other kinds.
    assert len(runs.tables["neighbours"]) == 5 * 2 + 9
