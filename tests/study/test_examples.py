"""The example studies: each answers what it asks."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from imcmoo.__main__ import main
from imcmoo.exact.regret import ExactRegret
from imcmoo.hardware.component_table import ComponentTable
from imcmoo.io.errors import InputError
from imcmoo.search.algorithm import run_search
from imcmoo.solve.enumerate import enumerate_study
from imcmoo.space.restricted import restricted
from imcmoo.study.catalogue import find_study
from tests import ROOT
from tests.extras import needs

EXAMPLES = sorted((ROOT / "examples").glob("*.toml"))
WITHOUT_REQUESTS = [file for file in EXAMPLES if "[scenario]" not in file.read_text("utf-8")]
"""Searches miss the optimum of scenarios by up to some percent: docs/scenarios.md has the table."""


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda p: p.stem)
def test_an_example_runs_and_keeps_its_limits(file, tmp_path):
    study = find_study(str(file))
    command = ["run", str(file), "--budget", "300", "--out", str(tmp_path), "--quiet"]
    assert main([*command, "--no-baselines"]) == 0
    folder = tmp_path / study.name / "seed-1"
    selected = pd.read_csv(folder / "selection.csv").query("used").iloc[0]
    assert selected["area_mm2"] <= study.area_limit_m2 * 1e6
    for name, limits in (study.limits or {}).items():
        energy, latency = selected[f"energy_{name}_J"], selected[f"latency_{name}_s"]
        limit = limits.given()
        assert latency <= limit.get("max_latency_s", np.inf)
        assert energy / latency <= limit.get("max_power_W", np.inf)
        assert 1 / latency >= limit.get("min_fps", 0)


@pytest.mark.slow
@pytest.mark.parametrize("file", WITHOUT_REQUESTS, ids=lambda p: p.stem)
def test_five_seeds_find_the_exact_optimum_of_every_criterion_that_guides(file, tmp_path):
    study = find_study(str(file))
    answer = enumerate_study(study, tmp_path, workers=2, on_progress=lambda *_: None)
    problem = study.problem()
    judge = ExactRegret(problem, answer)
    for seed in range(1, 6):
        rng = np.random.default_rng((seed, 0))
        archive = run_search(problem, budget=3300, rng=rng).archive
        regrets = judge.regrets(archive.F[archive.feasible])
        for criterion in problem.guides:
            assert regrets[criterion.name].min() == pytest.approx(0, abs=1e-9), criterion.name


@pytest.mark.slow
@pytest.mark.live
def test_the_table_of_the_own_cell_is_what_its_study_says_it_is(tmp_path):
    needs("build", "hwcomponents_neurosim")
    text = (ROOT / "examples" / "own_cell.toml").read_text(encoding="utf-8")
    (output,) = re.findall(r"imcmoo (components build .*?own_cell\.npz)", text, flags=re.DOTALL)
    words = [word for word in output.split() if word not in ("\\", "#")]
    at = {"own_cell.cell": ROOT / "examples" / "own_cell.cell", "own_cell.npz": tmp_path / "t.npz"}
    assert main([str(at.get(word, word)) for word in words]) == 0
    built, stored = (
        ComponentTable.load(path) for path in (tmp_path / "t.npz", ROOT / "examples/own_cell.npz")
    )
    assert built.fingerprint == stored.fingerprint
    assert built.metadata == stored.metadata


def test_an_own_cell_makes_other_chips():
    study = find_study(str(ROOT / "examples" / "own_cell.toml"))
    shipped = study.replace(components=None)
    levels = study.space.random(2000, np.random.default_rng(0))
    rows, others = (s.cost_model().evaluate(levels) for s in (study, shipped))
    assert rows.runs.any()
    np.testing.assert_array_equal(rows.runs, others.runs)
    assert (rows.area_m2 < others.area_m2).all()  # its cells are smaller
    assert (rows.energy_J[rows.runs] < others.energy_J[rows.runs]).all()  # and conduct less


@pytest.mark.slow
def test_cells_in_parallel_keep_a_limit_that_single_cells_break(tmp_path):
    file = ROOT / "examples" / "parallel_cells.toml"
    study = find_study(str(file))
    answer = enumerate_study(study, tmp_path, workers=1, on_progress=lambda *_: None)
    front = study.space.decode(study.space.unrank(answer.ranks))
    assert set(front["redundancy"]) == {4}
    single = study.replace(space=restricted(study.space, {"redundancy": [1]}, name=study.name))
    with pytest.raises(InputError, match="breaks compute SNR of resnet18"):
        enumerate_study(single, tmp_path / "1", workers=1, on_progress=lambda *_: None)
    command = ["certify", str(file), "--criterion", "edap_max", "--out", str(tmp_path), "--quiet"]
    assert main(command) == 0
    proof = json.loads(
        (tmp_path / "certified/parallel_cells/edap_max/certificate.json").read_text()
    )
    assert proof["gap"] == 0
    assert proof["incumbent"]["value"] == proof["bound"] == answer.optima["edap_max"].value
