"""Tables of one's own: what they begin with, what is added, and what is never mixed."""

import numpy as np
import pytest

from imcmoo.hardware.build_table import TableBuilder, library_costs
from imcmoo.hardware.cells import cell_file
from imcmoo.hardware.component_table import ComponentTable
from imcmoo.hardware.request import Request
from imcmoo.io.errors import InputError
from tests.hardware.libraries import SHIPPED, costs, stand_in

CELL = cell_file("rram").replace("(ohm): 6000.0", "(ohm): 2e4")


@pytest.fixture(autouse=True)
def _libraries(monkeypatch):
    stand_in(monkeypatch)


def request(device="rram", *rows):
    return Request(device, (22,), rows=rows, cols=(64,))


def extend(path, asked, cell=None):
    extension = TableBuilder(path, [asked], cell)
    extension.build(jobs=1)
    return extension.counts


def test_a_new_table_has_all_that_is_shipped_and_what_was_asked_for(tmp_path):
    path = tmp_path / "mine.npz"
    assert extend(path, request("rram", 48, 64)) == {"rram": 8, "buffer": 7}
    mine = ComponentTable.read(path)
    for name, rows in SHIPPED.tables.items():
        keys = {key: rows.column(key) for key in rows.key_names}
        if "voltage_V" in keys:
            keys["voltage_V"] = keys["voltage_V"] / 1000
        costs_there = mine.tables[name].look_up(**keys)
        for quantity, values in zip(rows.quantities, rows.values, strict=True):
            np.testing.assert_array_equal(costs_there[quantity], values)
    key = {"node_nm": 22, "voltage_V": 0.65, "rows": 48, "cols": 64}
    expected = costs("rram", {**key, "cell": cell_file("rram")})
    assert mine.crossbar("rram", **key) == expected


def test_a_cell_of_ones_own_stands_with_no_crossbar_of_another(tmp_path):
    path = tmp_path / "mine.npz"
    assert extend(path, request("rram", 64), CELL) == {"rram": 8}
    mine = ComponentTable.load(path)
    assert mine.metadata["cells"] == {"rram": CELL}
    assert len(mine.tables["rram"].keys) == 8
    with pytest.raises(ValueError, match="no sram crossbar in the component table"):
        mine.crossbar("sram", 22, 0.65, 64, 64)
    extend(path, request("sram", 64))
    assert ComponentTable.load(path).metadata["cells"] == {"rram": CELL, "sram": cell_file("sram")}


@pytest.mark.parametrize("cell", [None, CELL])
def test_step_by_step_or_at_once_is_the_same_file(cell, tmp_path):
    at_once, steps = tmp_path / "at_once.npz", tmp_path / "steps.npz"
    extend(at_once, request("rram", 24, 48), cell)
    extend(steps, request("rram", 48), cell)
    extend(steps, request("rram", 24))
    assert steps.read_bytes() == at_once.read_bytes()
    assert extend(steps, request("rram", 24, 48)) == {}
    assert steps.read_bytes() == at_once.read_bytes()


def test_two_cells_or_versions_are_never_in_one_table(tmp_path, monkeypatch):
    path = tmp_path / "mine.npz"
    extend(path, request("rram", 64), CELL)
    with pytest.raises(InputError, match="was built with a different rram cell"):
        TableBuilder(path, [request("rram", 48)], cell_file("rram"))
    stand_in(monkeypatch, hwcomponents_cacti="9.9.9")
    with pytest.raises(InputError, match=r"mix hwcomponents-cacti 1\.0\.40 with 9\.9\.9"):
        TableBuilder(path, [request("rram", 64)])


def test_a_table_that_tells_no_cells_is_not_added_to(tmp_path):
    path = tmp_path / "mine.npz"
    extend(path, request("rram", 64), CELL)
    with np.load(path) as stored:
        np.savez(path, **{**stored, "metadata": np.array('{"versions": {}}')})
    with pytest.raises(InputError, match=r"nothing can be added: .* does not state its cells"):
        TableBuilder(path, [request("rram", 48)])


def test_voltages_below_the_threshold_are_refused(tmp_path):
    low = Request("rram", (22,), rows=(64,), cols=(64,), millivolts=(400, 650))
    with pytest.raises(InputError, match=r"0\.4 V is not above NeuroSim's threshold of 0\.4 V"):
        TableBuilder(tmp_path / "mine.npz", [low])


@pytest.mark.parametrize("value", [0.0, float("nan")])
def test_what_costs_no_number_is_refused_and_nothing_written(value, tmp_path, monkeypatch):
    monkeypatch.setattr(library_costs, "crossbar", lambda **_: {"row_area": value})
    with pytest.raises(InputError, match=r"no rram with node_nm=22, voltage_V=650, rows=48"):
        extend(tmp_path / "mine.npz", request("rram", 48))
    assert list(tmp_path.iterdir()) == []
