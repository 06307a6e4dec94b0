"""The component table without numbers of NeuroSim."""

import numpy as np
import pytest

from imcmoo.cli.main import main
from imcmoo.hardware.physical_table import KEPT_OPEN, PhysicalTable
from tests.cli.helpers import refused

BUILD = ["components", "build", "--model", "physical", "--open", "--out"]


@pytest.fixture(scope="module")
def table():
    return PhysicalTable.load("open")


def test_row_drivers_have_a_fan_out_of_four(table):
    """90 µm² for 64 rows of 128 cells of 280 F² at 32 nm, by hand."""
    feature_m = 32e-9
    side_m = np.sqrt(280) * feature_m
    row_F = 128 * (side_m * 0.2e-9 + 2 * feature_m * 1e-9)
    expected_m2 = 64 * row_F / 4 / 1e-9 * 8 * feature_m
    array = table.look_up("sram", node_nm=32, voltage_V=0.9, rows=64, cols=128)
    assert array["row_area"] == pytest.approx(expected_m2, rel=1e-12)
    assert array["row_area"] == pytest.approx(90e-12, rel=0.01)
    assert array["cell_area"] == pytest.approx(280 * feature_m**2, rel=1e-12)


def test_no_number_of_neurosim_is_in_the_table(table):
    shipped = PhysicalTable.load()
    for name, rows in table.tables.items():
        equal = rows.values == shipped.tables[name].values
        if name in KEPT_OPEN:
            assert equal.all()
        else:
            # The area of a cell is an assumption of both.
            named = np.array(rows.quantities) != "cell_area"
            assert not equal[named].any()
    assert {*table.tables} == {*KEPT_OPEN, "sram", "technology"}
    stated = str(table.metadata)
    assert "NC" not in stated
    assert "neurosim" not in stated.lower()


def test_the_command_writes_the_table_that_studies_call_open(tmp_path, capsys, table):
    path = tmp_path / "open_components.npz"
    assert main([*BUILD, str(path)]) == 0
    assert capsys.readouterr().out.endswith(f": fingerprint {table.fingerprint}\n")
    stored = PhysicalTable.load(path)
    assert (stored.fingerprint, stored.metadata) == (table.fingerprint, table.metadata)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--all"], "as it is: leave out --all"),
        (["--rows", "64"], "as it is: leave out --rows"),
        (["--model", "reference"], "as it is: say --model physical"),
    ],
)
def test_options_that_do_not_fit_the_open_table_are_refused(tmp_path, capsys, options, message):
    path = tmp_path / "open_components.npz"
    assert message in refused(capsys, *BUILD, path, *options)
    assert not path.exists()


def test_numbers_of_neurosim_are_not_added_to_an_open_table(tmp_path, capsys, table):
    path = tmp_path / "open_components.npz"
    table.write(path)
    before = path.read_bytes()
    build = ["components", "build", "--model", "physical", "--device", "sram", "--technology", "22"]
    assert "is an open table" in refused(capsys, *build, "--rows", "96", "--out", path)
    assert path.read_bytes() == before


def test_a_file_is_not_replaced_by_the_open_table(tmp_path, capsys):
    path = tmp_path / "mine.npz"
    path.write_bytes(b"mine")
    assert "mine.npz exists" in refused(capsys, *BUILD, path)
    assert path.read_bytes() == b"mine"
