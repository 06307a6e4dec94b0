"""Many networks: more objectives than libraries compare, and a product that no float64 holds."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from imcmoo.cli.main import main
from imcmoo.cli.terminal import warn_of_dynamic_products
from imcmoo.networks.workloads import WorkloadSet
from imcmoo.study.catalogue import find_study
from tests.cli.helpers import write_study

NETWORKS = 30


@pytest.mark.parametrize("n", [16, 130, *(pytest.param(n, marks=pytest.mark.slow) for n in (300,))])
def test_a_run_is_compared_with_the_exact_answer(n, tmp_path, capsys):
    study, out = write_study(tmp_path, n), ["--out", str(tmp_path / "out"), "--workers", "1"]
    assert main(["enumerate", study, *out]) == 0
    assert main(["run", study, "--budget", "60", "--all", *out]) == 0
    path = tmp_path / "out/many/seed-1/indicators.csv"
    indicators = pd.read_csv(path, index_col="indicator")["value"]
    assert 0 < indicators["coverage"] <= 1 <= indicators["epsilon_multiplicative"]
    assert np.isnan(indicators["hypervolume"])
    assert "no hypervolume" in " ".join(capsys.readouterr().out.split())


def test_networks_that_multiply_activations_are_named(capsys):
    workloads = WorkloadSet.load(["resnet18", "vision_transformer_onnx"])
    warn_of_dynamic_products(workloads, model="reference")
    error = capsys.readouterr().err
    n = sum(workloads.workloads[1].dynamic)
    assert n == 24  # two products in each of twelve blocks
    assert f"{n} of {len(workloads.workloads[1])} layers of vision_transformer_onnx" in error
    assert error.count("\n") == 1
    for options in ({"model": "mine:Own"}, {"model": "reference", "quiet": True}):
        warn_of_dynamic_products(workloads, **options)
        assert capsys.readouterr().err == ""


def test_a_product_below_float64_is_told_apart_everywhere(tmp_path):
    study, out = Path(write_study(tmp_path, NETWORKS)), tmp_path / "out"
    study.write_text(f'criterion = "edap_product"\n{study.read_text()}')
    assert main(["enumerate", str(study), "--out", str(out), "--quiet", "--workers", "1"]) == 0
    optima = pd.read_csv(out / "enumerated" / "many" / "optima.csv").groupby("criterion")
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
