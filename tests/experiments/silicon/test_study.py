"""The command: random designs, files, columns, numbers of the page, and what a user may give."""

from functools import partial

import numpy as np
import pandas as pd
import pytest

from experiments import run
from experiments.silicon import __main__ as silicon_command
from experiments.silicon import random_designs, study
from experiments.silicon.macros import ADDED, NEEDED
from imcmoo.model.physical.parameters import Designs
from imcmoo.report import style
from tests import ROOT
from tests.cli.helpers import refused

BOUNDS = {
    "rows": (32, 1024), "cols": (32, 1024), "adc_bits": (3, 10), "columns_per_adc": (1, 64),
    "macros_per_tile": (4, 128), "tiles_per_group": (2, 64), "router_groups": (1, 64),
    "glb_KiB": (256, 32768), "glb_banks": (1, 16), "link_bits": (32, 512),
}  # fmt: skip
DEVICE_BOUNDS = {
    "rram": {"bits_per_cell": (1, 4), "ping_pong": (0, 0)},
    "sram": {"bits_per_cell": (1, 1), "ping_pong": (0, 1)},
}


@pytest.mark.parametrize("device", random_designs.DEVICES)
def test_samples_are_designs_of_the_extended_space(device):
    columns = random_designs.sample(4000, device, np.random.default_rng(1))
    designs = Designs.of_columns(columns)
    bounds = BOUNDS | DEVICE_BOUNDS[device]
    sampled = {name: getattr(designs, name) for name in bounds}
    assert {name: (v.min(), v.max()) for name, v in sampled.items()} == bounds
    share = designs.active_rows / designs.rows
    assert (share.min(), share.max()) == (1 / 32, 1)
    assert not np.any(designs.level_coded & (designs.input_slice_bits > 4))
    for node in random_designs.NODES_NM:
        supplies = columns["voltage_V"][columns["technology_nm"] == node]
        assert {*supplies} == {0.7, 0.75, 0.8, 0.85, 0.9, 1.0}


def test_an_infinite_signal_to_noise_does_not_spoil_percentiles():
    values = pd.DataFrame({"SNR": [1.0, 2.0, np.inf, np.inf, np.nan]})
    row = random_designs.percentiles(values).loc["SNR"]
    assert row[["n", "p5", "p95"]].tolist() == [4, 1.0, np.inf]


@pytest.fixture(scope="module", autouse=True)
def _empty_figures():
    """Figures depend on the fonts of a machine, so tests compare no more than their names."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(style, "_write", lambda figure, path, metadata: path.touch())
        yield


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A run whose folders lie to each other as the published ones do."""
    root = tmp_path_factory.mktemp("silicon")
    study.Silicon().publish(root / "results" / "published", root / "docs", quiet=True, workers=1)
    return root


def files(root):
    """Contents by path; of figures, nothing but the path."""
    folders = (root / "results" / "published" / "silicon", root / "docs")
    paths = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    of_silicon = [path for path in paths if "silicon" in path.parts or path.name == "silicon.md"]
    return {
        str(path.relative_to(root)): path.read_bytes() if path.suffix in (".csv", ".md") else b""
        for path in of_silicon
    }


@pytest.mark.slow  # by default a user's table takes the same path
def test_what_is_published_is_what_the_command_writes(written):
    assert files(written) == files(ROOT)


@pytest.fixture
def data(tmp_path, monkeypatch):
    """Writes a user's table; random designs beside it are few, no checkpoint outlives them, and
    nothing is drawn."""
    monkeypatch.setattr(study.Silicon, "depends_on", "")
    monkeypatch.setattr(study.Silicon, "figures", lambda *_: {})
    distributions = random_designs.distributions
    monkeypatch.setattr(random_designs, "distributions", partial(distributions, n=50))

    def write(*lines, more=""):
        path = tmp_path / "macros.csv"
        path.write_text("\n".join([",".join(NEEDED) + more, *lines]), encoding="utf-8")
        return str(path)

    return write


def test_rows_of_a_user(tmp_path, data, capsys):
    out = tmp_path / "out"
    path = data(
        '28,SRAM,0.9,64,64,1,1,4,64,64,3.5,"$x$ | <b>",',
        "28,Photonic,,,,,,,,,,$,",
        "40,eNVM,0.9,256,256,1,1,4,9,8,,,",
        more=",t_core_ns,venue,mine",
    )
    options = ["--data", path, "--out", str(out), "--workers", "1"]
    assert run.main(["silicon", *options]) == 0
    assert f"{out / 'published' / 'silicon'}, {out / 'docs'}" in capsys.readouterr().out
    rows = pd.read_csv(
        out / "published" / "silicon" / "silicon.csv", dtype=str, keep_default_na=False
    )
    assert list(rows)[: len(NEEDED) + 3] == [*NEEDED, "t_core_ns", "venue", "mine"]
    assert rows["covered"].tolist() == ["True", "False", "True"]
    assert rows["reason"].tolist() == [
        "28 nm as 32 nm",
        "architecture 'Photonic' is neither SRAM nor non-volatile",
        "cell eNVM as RRAM; 40 nm as 45 nm",
    ]
    assert (rows.loc[0, list(ADDED[4:])].astype(float) > 0).all()
    assert rows["left_out"].tolist() == ["", "", "a cell that is neither SRAM nor ReRAM"]


def test_a_table_without_a_covered_row(tmp_path, data):
    options = ["--data", data("28,Photonic,,,,,,,,"), "--out", str(tmp_path), "--workers", "1"]
    assert run.main(["silicon", "--quiet", *options]) == 0
    page = (tmp_path / "docs" / "silicon.md").read_text(encoding="utf-8")
    assert "0 of 1 rows are covered" in page


def test_a_second_table_is_compared_blind_and_calibrated_by_one_command(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.setenv("COLUMNS", "160")
    path = tmp_path / "mine.csv"
    text = "\n".join(["28,SRAM,0.9,64,64,2,1,4,64,64,3.5,A"] * 3)
    path.write_text(f"{','.join(NEEDED)},t_core_ns,title\n{text}\n", encoding="utf-8")
    assert silicon_command.main(["--macros", str(path)]) == 0
    told = capsys.readouterr().out
    for state in ("as is", "clean"):
        assert f"{state}: 3 of 3 rows are covered" in told
    cells = [[cell.strip() for cell in line.split("│")] for line in told.splitlines()]
    latencies = [line[2:6] for line in cells if line[1:2] == ["latency"]]
    numbers = ["3", "100%", "44% to 100%"]
    calibrations = ("none", "other publications", "own macro")
    assert latencies[:3] == [[name, *numbers] for name in calibrations]


def test_a_table_that_is_none_is_one_line_of_the_command(tmp_path, capsys):
    missing = str(tmp_path / "none.csv")
    assert "none.csv: No such file" in refused(
        capsys, "--macros", missing, call=silicon_command.main
    )


@pytest.mark.parametrize(
    ("data", "told"), [("none.csv", "none.csv: No such file"), (__file__, "test_study.py")]
)
def test_what_is_no_table_is_one_line(tmp_path, capsys, data, told):
    assert told in refused(capsys, "silicon", "--data", data, "--out", tmp_path, call=run.main)
    assert not any(tmp_path.iterdir())
