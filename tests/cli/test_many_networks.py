"""Many networks: more objectives than the libraries compare."""

import numpy as np
import pandas as pd
import pytest

from imcmoo.cli.main import main
from imcmoo.cli.terminal import warn_of_dynamic_products
from imcmoo.networks.workloads import WorkloadSet
from tests.cli.helpers import write_study


@pytest.mark.usefixtures("_no_figures")
@pytest.mark.parametrize("n", [16, 130, *(pytest.param(n, marks=pytest.mark.slow) for n in (300,))])
def test_a_run_is_compared_with_the_exact_answer(n, tmp_path, capsys):
    study, out = write_study(tmp_path, n), ["--out", str(tmp_path / "out"), "--workers", "1"]
    assert main(["enumerate", study, *out]) == 0
    assert main(["run", study, "--budget", "60", *out]) == 0
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
