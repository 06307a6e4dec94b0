"""Every study from the command line to its files, with a small budget."""

import json

import numpy as np
import pandas as pd
import pytest

import problems
from experiments.run import main
from imcmoo.report.figures import draw_figures

BUDGET = 60
OTHERS = ("nine", "four_workload_sram_physical", "smollm", "gpt2")
"""Begin the names of studies that are as others: many networks, or generation on analog chips."""
STUDIES = [
    pytest.param(name, marks=pytest.mark.slow if name.startswith(OTHERS) else ())
    for name in problems.STUDIES
    if name != "four_workload_rram" and not name.endswith("_extended")
]
"""Studies on the large spaces are proven, not run, in the tests."""


@pytest.fixture(scope="module", params=STUDIES)
def finished(request, tmp_path_factory):
    """A study and the folder of a run without baselines."""
    out = tmp_path_factory.mktemp("studies")
    arguments = [request.param, "--budget", str(BUDGET), "--no-baselines", "--quiet"]
    with pytest.MonkeyPatch.context() as patch:
        if problems.STUDIES[request.param].cost_per_cm2:
            patch.setattr("imcmoo.report.figures.draw_figures", draw_figures)
        assert main([*arguments, "--out", str(out)]) == 0
    return problems.STUDIES[request.param], out / request.param / "seed-1"


def test_the_selected_design_costs_what_the_model_says(finished):
    study, folder = finished
    design = json.loads((folder / "design.json").read_text(encoding="utf-8"))
    levels = study.space.encode({n: np.array([design["design"][n]]) for n in study.space.names})
    metrics = study.cost_model().evaluate(levels)
    shown = list(design["workloads"].values())
    assert [w["energy_J"] for w in shown] == metrics.energy_J[0].tolist()
    assert [w["latency_s"] for w in shown] == metrics.latency_s[0].tolist()
    assert metrics.area_m2[0] <= study.area_limit_m2


def test_every_design_evaluated_is_unique_and_the_front_is_of_them(finished):
    study, folder = finished
    names = list(study.space.names)
    evaluated, front = (pd.read_csv(folder / f"{n}.csv") for n in ("evaluations", "front"))
    assert len(evaluated) == BUDGET
    assert not evaluated[names].duplicated().any()
    assert len(front.merge(evaluated[names])) == len(front) > 0


def test_cost_is_an_objective_where_the_study_has_one(finished):
    study, folder = finished
    front = pd.read_csv(folder / "front.csv")
    assert ("cost" in front) == bool(study.cost_per_cm2)
    if study.cost_per_cm2:
        assert (folder / "figures" / "cost.png").exists()
        per_cm2 = front["technology_nm"].map(study.cost_per_cm2)
        assert np.allclose(front["cost"], front["area_mm2"] / 100 * per_cm2, rtol=1e-12)
        assert front["technology_nm"].nunique() > 1
