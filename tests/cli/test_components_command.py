"""`imcmoo components build`: what it writes, and that a study told to run it then runs."""

import re
import shlex

import numpy as np
import pytest

from imcmoo.answers.provenance import run_config
from imcmoo.cli.main import main
from imcmoo.hardware.build_table import installed_versions, library_costs
from imcmoo.hardware.cells import cell_file
from imcmoo.hardware.component_table import ComponentTable
from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.io.errors import InputError
from imcmoo.study.catalogue import find_study
from tests.cli.helpers import refused
from tests.extras import needs
from tests.hardware.libraries import stand_in

BUILD = ["components", "build", "--out", "mine.npz", "--workers", "1", "--device", "rram"]
AT_22 = [*BUILD, "--technology", "22", "--rows", "64,48", "--cols", "128"]

STUDY = """
name = "own"
device = "rram"
components = "mine.npz"
[space]
technology_nm = 22
voltage_V = [0.65, 0.7]
rows = [48, 64]
cols = 128
macros_per_tile = [2, 3]
[[networks]]
source = "alexnet"
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working directory with a study, where the libraries are stand-ins."""
    stand_in(monkeypatch)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.toml").write_text(STUDY)
    (tmp_path / "my.cell").write_text(cell_file("rram").replace("(F^2): 48", "(F^2): 36"))
    return tmp_path


def test_it_says_what_it_added_and_is_quiet_if_told(folder, capsys):
    assert main([*AT_22, "--cell", "my.cell"]) == 0
    table = ComponentTable.load("mine.npz")
    output = capsys.readouterr()
    assert output.out == f"mine.npz: added 16 rram, 7 buffer; fingerprint {table.fingerprint}\n"
    assert main([*AT_22, "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    assert main(AT_22) == 0
    assert "added nothing, it is all there" in capsys.readouterr().out
    assert "36" in table.metadata["cells"]["rram"]
    assert not {"date", "python"} & {*table.metadata, *table.metadata["versions"]}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--technology", "22,x"], "'x' is not a whole number"),
        (["--technology", "22", "--rows", "4"], "rows must be at least 8, got 4"),
        (["--technology", "22", "--voltage", "0.6504"], "must be whole millivolts above 0"),
        (["--technology", "22", "--voltage", "nan"], "'nan' is not a number of volts"),
        (["--technology", "22", "--cell", "no.cell"], "no.cell: No such file"),
        (["--technology", "22", "--cell", "own.toml"], "own.toml: line 2 is not '-Key: value'"),
        (["--technology", "22", "--out", "own.toml"], "own.toml is not a component table"),
        ([], "the following arguments are required: --technology, or --all"),
        (["--all"], "--all is every shipped component: leave out --device"),
        (["--technology", "65", "--model", "physical"], "no components at 65 nm"),
        (
            ["--technology", "22", "--model", "physical", "--cell", "my.cell"],
            "the physical model assumes the shipped memory cells",
        ),
    ],
)
def test_what_is_wrong_is_one_line_and_nothing_is_written(folder, capsys, options, message):
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert message in refused(capsys, *BUILD, *options)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_a_failure_of_a_library_is_one_line_and_the_table_stays(folder, capsys, monkeypatch):
    assert main([*AT_22, "--quiet"]) == 0
    before = (folder / "mine.npz").read_bytes()

    def fail(**_):
        raise ValueError("NeuroSIM returned\nerror code 255")

    monkeypatch.setattr(library_costs, "crossbar", fail)
    line = refused(capsys, *BUILD, "--technology", "22", "--rows", "24")
    assert "no rram with node_nm=22, voltage_V=650, rows=24, cols=24: NeuroSIM returned" in line
    assert (folder / "mine.npz").read_bytes() == before


@pytest.mark.parametrize("named", [True, False])
def test_a_study_that_lacks_components_says_the_command_that_adds_them(folder, capsys, named):
    study = folder / "own.toml"
    if named:
        assert main([*BUILD, "--technology", "22", "--rows", "64", "--cell", "my.cell"]) == 0
    else:
        study.write_text(STUDY.replace('components = "mine.npz"\n', ""))
    output = refused(capsys, "run", "own.toml")
    assert "rows 48 is missing there" in output
    out = "mine.npz" if named else "components.npz"
    (command,) = re.findall(r"to add it: (imcmoo .*? --out \S+?\.npz)", output)
    assert command.endswith(f"--macros 2,3 --out {out}")
    assert ('then say components = "components.npz" in the study' in output) is not named
    assert main([*shlex.split(command)[1:], "--workers", "1"]) == 0
    study.write_text(STUDY.replace("mine.npz", out))
    assert find_study("own.toml").cost_model().space.size > 0


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("[0.65, 0.7]", "0.6504", "voltages are whole millivolts"),
        ("[48, 64]", "4", "rows must be at least 8, got 4"),
        ("= 22", "= 28", "no components at 28 nm"),
    ],
)
def test_what_cannot_be_added_is_said_to_be_so(folder, capsys, old, new, reason):
    assert main([*AT_22, "--quiet"]) == 0
    (folder / "own.toml").write_text(STUDY.replace(old, new))
    with pytest.raises(InputError, match=f"nor can it be added: {reason}"):
        find_study("own.toml")


def test_another_table_is_another_study(folder):
    assert main([*AT_22, "--macros", "2,3", "--quiet"]) == 0
    study = find_study("own.toml")
    before = run_config(study), study.problem().model.data_digest
    (folder / "mine.npz").unlink()
    assert main([*AT_22, "--macros", "2,3", "--cell", "my.cell", "--quiet"]) == 0
    study = find_study("own.toml")  # a study reads its files once
    after = run_config(study), study.problem().model.data_digest
    assert before[0]["stamp"]["data"] != after[0]["stamp"]["data"]
    assert before[1] != after[1]


@pytest.mark.live
def test_the_libraries_make_what_is_shipped(tmp_path, monkeypatch):
    needs("build", "hwcomponents_neurosim")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rram.cell").write_text(cell_file("rram"))
    small = ["--technology", "22", "--rows", "16,1024", "--macros", "2", "--cell", "rram.cell"]
    assert main([*BUILD, *small]) == 0
    mine, shipped = ComponentTable.load("mine.npz"), ComponentTable.load()
    keys = np.ix_([22], [0.65, 1.0], [16, 1024], [16, 1024])
    for name, values in mine.crossbar("rram", *keys).items():
        np.testing.assert_array_equal(values, shipped.crossbar("rram", *keys)[name])
    assert installed_versions("reference") == mine.metadata["versions"]


def test_all_shipped_components_are_computed_again_into_a_table_that_begins_with_nothing(folder):
    (folder / "all.npz").write_text("anything")
    assert main(["components", "build", "--all", "--out", "all.npz", "--workers", "1"]) == 0
    again, shipped = ComponentTable.load("all.npz"), ComponentTable.load()
    for name, rows in shipped.tables.items():
        np.testing.assert_array_equal(again.tables[name].keys, rows.keys)
        assert not np.isclose(again.tables[name].values, rows.values, rtol=1e-3, atol=0).any()
    assert again.metadata["cells"] == shipped.metadata["cells"]


def test_a_table_of_the_physical_model_is_extended_and_its_numbers_stay(folder, capsys):
    sizes = ["--technology", "22", "--rows", "48", "--cols", "96,128", "--voltage", "0.8,0.85"]
    physical = [*BUILD, "--model", "physical", *sizes, "--macros", "3", "--glb-depth", "3072"]
    assert main(physical) == 0
    # Two sizes at two supplies and at 0.9 V, which times of arrays need.
    assert "added 6 rram, 8 buffer; fingerprint" in capsys.readouterr().out
    mine, shipped = PhysicalTable.load("mine.npz"), PhysicalTable.load()
    keys = {"node_nm": 22, "voltage_V": [0.8, 0.85], "rows": 48, "cols": 128}
    assert mine.look_up("rram", **keys)["time"].shape == (2,)
    for name, rows in shipped.tables.items():
        kept = {key: rows.column(key) for key in rows.key_names}
        if "voltage_V" in kept:
            kept["voltage_V"] = kept["voltage_V"] / 1000
        for quantity, values in mine.look_up(name, **kept).items():
            np.testing.assert_array_equal(values, rows.values[rows.quantities.index(quantity)])
    before = (folder / "mine.npz").read_bytes()
    assert main([*physical, "--quiet"]) == 0
    assert (folder / "mine.npz").read_bytes() == before
    assert main([*AT_22, "--quiet"]) == 2  # of the other model
    assert "mine.npz is not a component table: it lacks adder" in capsys.readouterr().err
