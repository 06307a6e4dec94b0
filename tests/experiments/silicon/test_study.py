"""The command: files, columns, numbers of the page, and what a user may give."""

import pandas as pd
import pytest

from experiments import run
from experiments.silicon import study
from experiments.silicon.macros import ADDED, NEEDED, SHIPPED, read
from tests.experiments.conftest import ROOT

TABLES = {
    "agreement",
    "by_class",
    "compared",
    "chips",
    "random_designs",
    "random_bounds",
    "random_limits",
    "random_causes",
}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A run whose folders lie to each other as the published ones do."""
    root = tmp_path_factory.mktemp("silicon")
    study.run(None, root / "results" / "published" / "silicon", root / "docs", quiet=True)
    return root


def test_files(written):
    folder = written / "results" / "published" / "silicon"
    assert {path.stem for path in folder.glob("*.csv")} == TABLES | {"silicon"}
    figures = {path.name for path in (folder / "figures").iterdir()}
    assert figures == {
        f"{name}{ending}"
        for name in ("silicon", "random_designs")
        for ending in (".csv", ".png", ".pdf", "_narrow.png", "_narrow.pdf")
    }
    own = pd.read_csv(folder / "silicon.csv", dtype=str, keep_default_na=False)
    assert list(own) == [*read(SHIPPED), *ADDED]


def test_what_is_published_is_what_the_command_writes(written):
    for path in sorted(written.rglob("*")):
        if path.suffix in (".csv", ".md"):
            published = ROOT / path.relative_to(written)
            assert published.read_bytes() == path.read_bytes(), published


def test_rows_left_out_are_counted(written):
    folder = written / "results" / "published" / "silicon"
    own = pd.read_csv(folder / "silicon.csv", keep_default_na=False)
    page = (written / "docs" / "silicon.md").read_text(encoding="utf-8")
    assert f"{own['covered'].sum()} of {len(own)} rows are covered" in page
    for reason, rows in own[~own["covered"]].groupby("reason"):
        which = ", ".join(str(i + 1) for i in rows.index)
        assert f"| {reason} | {len(rows)} | {which} |" in page


@pytest.fixture
def data(tmp_path):
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
    assert run.main(["silicon", "--data", path, "--out", str(out)]) == 0
    assert str(out / "silicon.md") in capsys.readouterr().out
    own = pd.read_csv(out / "silicon.csv", dtype=str, keep_default_na=False)
    assert list(own)[: len(NEEDED) + 3] == [*NEEDED, "t_core_ns", "venue", "mine"]
    assert own["covered"].tolist() == ["True", "False", "True"]
    assert own["reason"].tolist() == [
        "28 nm as 32 nm",
        "architecture 'Photonic' is neither SRAM nor non-volatile",
        "cell eNVM as RRAM; 40 nm as 45 nm",
    ]
    assert (own.loc[0, list(ADDED[2:])].astype(float) > 0).all()


def test_a_table_without_a_covered_row(tmp_path, data):
    out = tmp_path / "out"
    assert run.main(["silicon", "--quiet", "--data", data(), "--out", str(out)]) == 0
    assert "0 of 0 rows are covered" in (out / "silicon.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["silicon", "--data", "none.csv"], "none.csv: No such file"),
        (["silicon", "--data", __file__], "test_study.py"),
        (["silicon", "--budget", "3"], "silicon takes no options but --data, --out and --quiet"),
        (["paper", "--data", "x"], "paper takes no options but --out, --quiet"),
        (["four_workload_rram", "--data", "x"], "--data is an option of silicon only"),
    ],
)
def test_what_cannot_be_is_one_line(tmp_path, capsys, options, told):
    assert run.main([*options, "--out", str(tmp_path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert told in line
    assert not any(tmp_path.iterdir())


def test_what_the_page_says_of_single_rows(written):
    folder = written / "results" / "published" / "silicon"
    rows = pd.read_csv(folder / "silicon.csv", keep_default_na=False)
    pairs = pd.read_csv(folder / "compared.csv")
    short = pairs[(pairs["quantity"] == "t_core_ns") & (pairs["ratio"] < 1 / 3)]
    short = short[~short["classes"].str.contains("slow")]
    assert (short["measured"].min(), short["measured"].max()) == (40, 480)
    assert len(short) == 4
    assert (rows.loc[:1, ["rows", "cols", "adc_bits"]] == ["512", "192", "10"]).all(axis=None)
    assert rows["title"][2] == rows["title"][3]
    assert "Processor" in rows["title"][2]
