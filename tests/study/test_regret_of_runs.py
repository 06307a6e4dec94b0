"""Runs report their regret where the exact answer is known, and refuse that of another model."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

import imcmoo.cli.main
from experiments.run import main
from imcmoo.answers.explanation import read_explanations
from imcmoo.answers.provenance import study_settings
from imcmoo.answers.results import Results
from imcmoo.exact import answer as exact
from imcmoo.io.checksums import content_checksum
from imcmoo.io.errors import InputError
from imcmoo.problem.scores import edap
from imcmoo.report import page
from imcmoo.report.terminal_tables import selection_table
from imcmoo.solve.enumerate import find_answer
from imcmoo.study.catalogue import find_study
from imcmoo.version import __version__
from problems import STUDIES
from tests.cli.helpers import refused
from tests.report.tables import shown
from tests.study.files import SMALL_RRAM, written

STUDY = "small"


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Results with the exact answer among them, beside the file of the study."""
    out = tmp_path_factory.mktemp("results")
    command = ["enumerate", written(out, SMALL_RRAM), "--out", str(out), "--quiet"]
    assert imcmoo.cli.main.main([*command, "--workers", "1"]) == 0
    return out


@pytest.fixture
def arguments(results):
    return [str(results / "own.toml"), "--budget", "120", "--no-baselines", "--force", "--quiet"]


@pytest.fixture
def study(results):
    return find_study(str(results / "own.toml"))


def test_a_run_reports_its_distance_from_the_exact_answer(results, arguments):
    assert main([*arguments, "--out", str(results)]) == 0
    folder = results / STUDY / "seed-1"
    regret = pd.read_csv(folder / "regret.csv").set_index("criterion")
    optima = pd.read_csv(results / "enumerated" / STUDY / "optima.csv").set_index("criterion")
    selection = pd.read_csv(folder / "selection.csv").set_index("criterion")
    for name in ("edap_max", "edap_mean", "edap_geomean"):
        row = regret.loc[name]
        assert row["optimum"] == optima["value"][name]
        assert row["selected"] == selection["score"][name] == row["best_evaluated"]
        assert row["regret_selected"] == pytest.approx(row["selected"] / row["optimum"] - 1)
    assert (regret["regret_best_evaluated"] <= regret["regret_selected"]).all()
    assert (regret["regret_best_evaluated"] > -1e-9).all()
    assert regret["optimum"]["regret_minimax_joint"] == optima["value"]["regret_minimax_joint"]
    indicators = pd.read_csv(folder / "indicators.csv").set_index("indicator")["value"]
    assert 0 <= indicators["coverage"] <= 1 <= indicators["epsilon_multiplicative"]
    # Without baselines the regret is that of joint designs, and called so.
    assert selection["used"]["regret_minimax_joint"]
    assert "regret_minimax" not in selection.index
    assert "score_regret_minimax_joint" in pd.read_csv(folder / "front.csv")
    design = json.loads((folder / "design.json").read_text(encoding="utf-8"))
    assert design["criterion"] == "regret_minimax_joint"
    assert design["scores"]["regret_minimax_joint"] == selection["score"]["regret_minimax_joint"]


def test_minimax_regret_is_one_quantity_in_all_that_states_it(results, study, tmp_path):
    """A run with baselines, its regret and the certificate are against single-network optima."""
    options = ["--budget", "100", "--seed", "5", "--force", "--quiet", "--out", str(results)]
    assert main([study.file, *options]) == 0
    folder = results / STUDY / "seed-5"
    optima = pd.read_csv(results / "enumerated" / STUDY / "optima.csv").groupby("criterion").first()
    space, networks = study.space, study.names
    best = space.encode({n: optima.loc[["regret_minimax"], n].to_numpy() for n in space.names})
    metrics = study.cost_model().evaluate(best)
    alone = [optima["value"][f"alone_{n}"] for n in networks]
    worst = (edap(metrics.energy_J, metrics.latency_s, metrics.area_m2)[0] / alone).max() - 1
    assert optima["value"]["regret_minimax"] == pytest.approx(worst, rel=1e-12)
    assert optima["value"]["regret_minimax"] > optima["value"]["regret_minimax_joint"]
    regret = pd.read_csv(folder / "regret.csv").set_index("criterion")
    assert regret["optimum"]["regret_minimax"] == optima["value"]["regret_minimax"]
    assert "regret_minimax_joint" not in regret.index
    out = str(tmp_path)
    assert imcmoo.cli.main.main(["certify", study.file, "--out", out, "--quiet"]) == 0
    path = tmp_path / "certified" / study.name / "certificate.json"
    proven = json.loads(path.read_text(encoding="utf-8"))
    assert proven["criterion"] == "regret_minimax"
    assert proven["bound"] == optima["value"]["regret_minimax"]
    bests = {n: best["value"] for n, best in proven["single_network_optima"].items()}
    assert bests == dict(zip(networks, alone, strict=True))


@pytest.mark.parametrize("more", [[], ["--no-baselines"]])
def test_a_run_selects_and_reports_by_exact_references_where_they_are_known(
    results, study, tmp_path, more
):
    """So few designs do not find the best of each network: by these, regret would be too small."""
    shutil.copytree(results / "enumerated", tmp_path / "enumerated")
    optima = pd.read_csv(results / "enumerated" / STUDY / "optima.csv").groupby("criterion")[
        "value"
    ]
    kind = "edap" if more else "alone"
    best = np.array([optima.first()[f"{kind}_{name}"] for name in study.names])
    options = ["--budget", "30", "--quiet", "--out", str(tmp_path), *more]
    assert main([study.file, *options]) == 0
    folder = tmp_path / STUDY / "seed-1"
    front = pd.read_csv(folder / "front.csv")
    edaps = [f"edap_{name}_J_s_mm2" for name in study.names]
    regret = (front[edaps] / best).max(axis=1) - 1
    (selected,) = pd.read_csv(folder / "selection.csv").query("used").to_dict("records")
    assert selected["score"] == pytest.approx(regret.min(), rel=1e-12)
    design = json.loads((folder / "design.json").read_text(encoding="utf-8"))
    assert design["regret_reference"] == "exact optimum"
    explanation = read_explanations(folder / "explain.json")[0]
    assert explanation.score == pytest.approx(regret.min(), rel=1e-12)
    expected = [selected[name] for name in edaps] / best - 1
    assert explanation.tables["networks"]["regret"].to_numpy() == pytest.approx(expected)
    assert explanation.against == "exact optimum"
    shutil.rmtree(tmp_path / "enumerated")
    assert main([study.file, *options]) == 0
    without = pd.read_csv(folder / "selection.csv").query("used")["score"].iloc[0]
    assert without < selected["score"]
    found = Results.read(folder)
    assert "against the best found" in shown([selection_table(found)], 200)
    assert "EDAP / best found" in page.page([(found, [])])


def test_regrets_of_all_seeds_are_against_one_reference(results, study, tmp_path, capsys):
    """So few designs give each seed other baselines; the exact answer, where known, is for all."""
    options = ["--budget", "30", "--seeds", "1-3", "--workers", "1", "--out", str(tmp_path)]
    edaps = [f"edap_{name}_J_s_mm2" for name in study.names]
    selected, found = [], []
    for known in (False, True):
        assert main([study.file, *options, *(["--resume"] if known else [])]) == 0
        folders = [tmp_path / STUDY / f"seed-{seed}" for seed in (1, 2, 3)]
        if not known:
            for folder in folders:
                selected.append(pd.read_csv(folder / "selection.csv").query("used")[edaps])
                found += [pd.read_csv(folder / f)[edaps] for f in ("front.csv", "baselines.csv")]
            best = pd.concat(found).min().to_numpy()
            shutil.copytree(results / "enumerated", tmp_path / "enumerated")
        else:
            optima = pd.read_csv(results / "enumerated" / STUDY / "optima.csv").groupby("criterion")
            best = np.array([optima["value"].first()[f"alone_{name}"] for name in study.names])
        worst = pd.concat(selected).to_numpy() / best
        table = pd.read_csv(tmp_path / STUDY / "seeds.csv")
        regret = worst.max(axis=1) - 1
        assert table["score_regret_minimax"].to_numpy() == pytest.approx(regret)
        assert set(table["regret_reference"]) == {"exact optimum" if known else "best found"}
        over = (1 + regret.max()) / (1 + regret.min()) - 1
        assert f"+{100 * over:.2f}" in capsys.readouterr().out


def assert_unused(results, arguments, capsys, seed, line):
    arguments = [argument for argument in arguments if argument != "--quiet"]
    assert main([*arguments, "--seed", seed, "--out", str(results)]) == 0
    folder = results / STUDY / f"seed-{seed}"
    assert not (folder / "regret.csv").exists()
    assert json.loads((folder / "design.json").read_text())["regret_reference"] == "best found"
    assert line in capsys.readouterr().err


def test_other_settings_have_no_exact_answer_here(results, arguments, capsys):
    line = (
        "is of other settings: area_limit_mm2 800.0 (here 700.0): it is not used; enumerate again\n"
    )
    assert_unused(results, [*arguments, "--area-limit", "700"], capsys, "2", line)


def test_the_answer_of_another_model_is_not_used_and_refused_where_it_is_needed(
    results, arguments, study, capsys
):
    path = results / "enumerated" / STUDY / "summary.json"
    before = path.read_text(encoding="utf-8")
    summary = json.loads(before) | {"stamp": {}}
    summary["checksum"] = content_checksum(summary)
    path.write_text(json.dumps(summary), encoding="utf-8")
    try:
        line = f"an older version of imcmoo than {__version__}: it is not used; enumerate again\n"
        assert_unused(results, arguments, capsys, "3", line)
        with pytest.raises(InputError, match="run `imcmoo enumerate "):
            find_answer(study, results)
    finally:
        path.write_text(before, encoding="utf-8")


def test_what_tells_problems_of_one_study_apart_is_stated():
    study = STUDIES["four_workload_rram"]
    settings = {
        "study": "four_workload_rram",
        "model": "reference",
        "area_limit_mm2": pytest.approx(800),
        "deployment": "alone",
        "criterion": None,
        "weights": None,
    }
    # One answer holds all criteria of the registry.
    assert study_settings(study) == study_settings(study.replace(criterion="ela_mean")) == settings
    weighted = [n.replace(weight=w) for w, n in enumerate(study.networks, 1)]
    for change, told in (
        ({"networks": weighted}, {"weights": [1, 2, 3, 4]}),
        ({"deployment": "together"}, {"deployment": "together"}),
        ({"area_limit_mm2": 21}, {"area_limit_mm2": pytest.approx(21)}),
        ({"area_limit_mm2": None}, {"area_limit_mm2": None}),
    ):
        changed = study_settings(study.replace(**change))
        assert changed == settings | told
        json.dumps(changed)


def test_an_answer_replaced_while_it_is_read_is_refused(results, study, tmp_path, monkeypatch):
    shutil.copytree(results / "enumerated" / STUDY, tmp_path / "enumerated" / STUDY)
    summary = tmp_path / "enumerated" / STUDY / "summary.json"
    assert find_answer(study, tmp_path) is not None
    load = exact.load

    def replaced(*arguments):
        answer = load(*arguments)
        text = summary.read_text(encoding="utf-8")
        summary.unlink()
        summary.write_text(text + "\n", encoding="utf-8")
        return answer

    monkeypatch.setattr(exact, "load", replaced)
    with pytest.raises(InputError, match="was written anew while it was read") as refusal:
        find_answer(study, tmp_path)
    assert "\n" not in str(refusal.value)


def test_an_answer_for_other_settings_does_not_replace_that_of_the_study(capsys):
    line = refused(capsys, "enumerate", "four_workload_rram", "--area-limit", "700")
    assert "--out is required" in line
