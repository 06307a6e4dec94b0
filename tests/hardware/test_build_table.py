"""The table builder, without running NeuroSim or CACTI."""

import warnings
from pathlib import Path

import numpy as np
import pytest

from imcmoo.cli.main import main
from imcmoo.hardware import build_table as build
from imcmoo.hardware.component_table import COMPONENTS, ComponentTable, TableContent
from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.hardware.request import SHIPPED, Request


def shipped_keys(model):
    keys = {}
    for request in Request.shipped(model):
        for name, own in request.keys().items():
            keys[name] = keys.get(name, set()) | own
    return keys


def one_row_each():
    rows = {
        name: build.joined(name, part, None, {key: dict.fromkeys(part.quantities, 2.0)})
        for name, part in COMPONENTS.items()
        for key in [min(shipped_keys("reference")[name])]
    }
    return TableContent(rows, 3.0, {"date": "today"})


@pytest.mark.parametrize("model", SHIPPED)
def test_the_shipped_table_has_exactly_the_keys_the_builder_lists(model):
    shipped = build.FORMATS[model].read().tables
    for name, keys in shipped_keys(model).items():
        np.testing.assert_array_equal(shipped[name].keys, sorted(keys))


@pytest.mark.parametrize("model", SHIPPED)
def test_a_shipped_table_read_and_written_is_the_same_arrays(model, tmp_path):
    content = build.FORMATS[model].read()
    content.write(tmp_path / "again.npz")
    folder = Path(build.__file__).parent
    with (
        np.load(folder / build.FORMATS[model].shipped) as before,
        np.load(tmp_path / "again.npz") as again,
    ):
        assert before.files == again.files
        for name in before.files:
            assert before[name].dtype == again[name].dtype
            assert before[name].tobytes() == again[name].tobytes()


def test_what_is_written_is_read_back(tmp_path):
    path = tmp_path / "new" / "table.npz"
    one_row_each().write(path)
    table = ComponentTable.load(path, scaling="current")
    assert table.metadata == {"date": "today"}
    assert table.main_memory_J_per_bit == 3.0
    assert table.look_up("router", node_nm=7)["area"] == 2.0
    assert [file.name for file in path.parent.iterdir()] == ["table.npz"]


def test_a_failed_write_leaves_the_old_table(tmp_path, monkeypatch):
    path = tmp_path / "table.npz"
    path.write_text("old")

    def fail(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez_compressed", fail)
    with pytest.raises(OSError, match="disk full"):
        one_row_each().write(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_without_hwcomponents_one_line_says_what_is_needed(monkeypatch, capsys):
    monkeypatch.setattr(build.library_costs, "PACKAGES", ("no-such-hwcomponents",))
    assert main(["components", "build", "--all", "--out", "t.npz"]) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "imcmoo[build]" in message


@pytest.mark.parametrize(
    "table", [(ComponentTable, "components"), (PhysicalTable, "physical_components")]
)
@pytest.mark.parametrize("entry", ["buffer.keys", "buffer.values", "main_memory_J_per_bit"])
def test_complex_numbers_are_refused_without_a_warning(entry, table, tmp_path):
    kind, shipped = table
    with np.load(Path(build.__file__).parent / f"{shipped}.npz") as stored:
        content = dict(stored)
    np.savez(tmp_path / "mine.npz", **{**content, entry: content[entry] * (1 + 0j)})
    said = r"mine\.npz: (buffer: (keys|values) are complex128|main_memory_J_per_bit is .*j)"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=said):
            kind.load(tmp_path / "mine.npz")
