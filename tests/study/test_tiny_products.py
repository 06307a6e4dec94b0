"""A study whose product of EDAPs no float64 holds, through every command."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from imcmoo.cli.catalogue import find_study
from imcmoo.cli.main import main
from tests.cli.helpers import refused, write_study

NETWORKS = 30

pytestmark = pytest.mark.usefixtures("_no_figures")


def study_of(folder, line="", more=""):
    """A study of many networks, with a further line on top and more at its end."""
    path = Path(write_study(folder, NETWORKS))
    text = path.read_text(encoding="utf-8").replace("baselines", f"{line}\nbaselines")
    path.write_text(text + more, encoding="utf-8")
    return path


def test_a_product_below_float64_is_told_apart_everywhere(tmp_path):
    study, out = study_of(tmp_path, 'criterion = "edap_product"'), tmp_path / "out"
    assert main(["enumerate", str(study), "--out", str(out), "--quiet", "--workers", "1"]) == 0
    optima = pd.read_csv(out / "exact" / "many" / "optima.csv").groupby("criterion")
    value, geomean = (optima.first()["value"][n] for n in ("log10_edap_product", "edap_geomean"))
    assert "edap_product" not in optima.groups
    assert value == pytest.approx(NETWORKS * np.log10(geomean), rel=1e-12)
    assert value < -308
    assert optima.size()["log10_edap_product"] == optima.size()["edap_geomean"]
    assert main(["run", str(study), "--budget", "40", "--out", str(out), "--quiet"]) == 0
    folder = out / "many" / "seed-1"
    regret = pd.read_csv(folder / "regret.csv").set_index("criterion").loc["log10_edap_product"]
    assert regret["optimum"] == value
    assert regret["selected"] == pytest.approx(value + np.log10(1 + regret["regret_selected"]))
    selection = pd.read_csv(folder / "selection.csv").set_index("criterion")
    assert selection["used"]["log10_edap_product"]
    assert selection["score"]["log10_edap_product"] == regret["selected"]
    design = json.loads((folder / "design.json").read_text(encoding="utf-8"))
    assert design["scores"][design["criterion"]] == regret["selected"]
    explained = json.loads((folder / "explain.json").read_text(encoding="utf-8"))
    assert explained["designs"][0]["score"] == regret["selected"]
    assert main(["certify", str(study), "--out", str(tmp_path), "--quiet"]) == 0
    (proof,) = tmp_path.glob("certified/*")
    written = json.loads((proof / "certificate.json").read_text(encoding="utf-8"))
    assert (written["criterion"], written["gap"]) == ("edap_product", 0)
    assert float(written["log10_bound"]) == pytest.approx(value, rel=1e-12)
    assert written["log10_bound"] == written["incumbent"]["log10_value"]
    space, best = find_study(str(study)).space, optima.get_group("log10_edap_product")
    ranks = space.rank(space.encode({n: best[n].to_numpy() for n in space.names}))
    assert space.rank(space.levels_of(written["incumbent"]["design"]))[0] in ranks
    check = ["check-certificate", str(proof), "--study", str(study), "--quiet"]
    assert main(check) == 0


@pytest.mark.parametrize("name", ["zero", "nothing", "negative"])
@pytest.mark.parametrize("command", ["run", "enumerate"])
def test_a_function_that_returns_no_score_ends_in_one_line(tmp_path, capsys, command, name):
    study = study_of(tmp_path, more=f'[score]\nfunction = "{__name__}:{name}"\n')
    line = refused(capsys, command, study, "--out", tmp_path / "out", "--quiet")
    assert "criterion score: " in line
    assert "scores must be finite and positive from 1e-290 to 1e+290" in line


def zero(costs):
    return np.zeros(len(costs))


def nothing(costs):
    return np.full(len(costs), np.nan)


def negative(costs):
    return -costs["area"]
