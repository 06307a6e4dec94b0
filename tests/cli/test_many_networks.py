"""As many networks as anybody has: objectives beyond what the libraries compare."""

import numpy as np
import pandas as pd
import pytest

from imcmoo.cli.main import main

SPACE = """name = "many"
baselines = false
[space]
base = "rram"
rows = [128, 512]
cols = [32, 64]
voltage_V = [0.5, 0.6]
bits_per_cell = 8
cycle_s = [1e-9, 2e-9]
router_groups = [1, 2]
tiles_per_group = 4
macros_per_tile = [4, 8]
glb_depth = 2048
"""


def write_study(folder, n):
    rng = np.random.default_rng(n)
    for i in range(n):
        c, m, p, q = rng.integers(1, 64, 4)
        (folder / f"n{i}.csv").write_text(f"name,C,M,P,Q\na,{c},{m},{p},{q}\n")
    networks = "".join(f'[[networks]]\nsource = "n{i}.csv"\n' for i in range(n))
    (folder / "many.toml").write_text(SPACE + networks)
    return str(folder / "many.toml")


@pytest.mark.parametrize("n", [16, 40, 130, 300])
def test_a_run_is_compared_with_the_exact_answer(n, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("imcmoo.cli.run_studies.draw_figures", lambda *_: None)
    study, out = write_study(tmp_path, n), ["--out", str(tmp_path / "out"), "--workers", "1"]
    assert main(["enumerate", study, *out]) == 0
    assert main(["run", study, "--budget", "60", *out]) == 0
    found = pd.read_csv(tmp_path / "out/many/seed-1/indicators.csv", index_col="indicator")["value"]
    assert 0 < found["coverage"] <= 1 <= found["epsilon_multiplicative"]
    assert np.isnan(found["hypervolume"]) == (n > 15)
    assert ("no hypervolume" in " ".join(capsys.readouterr().out.split())) == (n > 15)
