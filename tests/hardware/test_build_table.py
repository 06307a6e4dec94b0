"""The table builder, without running NeuroSim or CACTI."""

import numpy as np
import pytest

from imcmoo.hardware import build_table as build
from imcmoo.hardware.component_table import TABLE_QUANTITIES, ComponentTable
from imcmoo.hardware.table_file import write


def one_row_each():
    keys = {name: min(rows) for name, rows in build.table_keys().items()}
    return {name: {key: dict.fromkeys(TABLE_QUANTITIES[name], 2.0)} for name, key in keys.items()}


def test_the_shipped_table_has_exactly_the_keys_the_builder_lists():
    shipped = ComponentTable.load()
    for name, keys in build.table_keys().items():
        np.testing.assert_array_equal(shipped.tables[name].keys, sorted(keys))


def test_what_is_written_is_read_back(tmp_path):
    path = tmp_path / "new" / "table.npz"
    write(path, one_row_each(), main_memory_J_per_bit=3.0, metadata={"date": "today"})
    table = ComponentTable.load(path, scaling="current")
    assert table.metadata == {"date": "today"}
    assert table.main_memory_J_per_bit == 3.0
    assert table.router(7)["area"] == 2.0
    assert [file.name for file in path.parent.iterdir()] == ["table.npz"]


def test_a_failed_write_leaves_the_old_table(tmp_path, monkeypatch):
    path = tmp_path / "table.npz"
    path.write_text("old")

    def fail(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez_compressed", fail)
    with pytest.raises(OSError, match="disk full"):
        write(path, one_row_each(), main_memory_J_per_bit=3.0, metadata={})
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_without_hwcomponents_one_line_says_what_is_needed(monkeypatch, capsys):
    def absent():
        raise ImportError("No module named 'hwcomponents'")

    monkeypatch.setattr(build.library_costs, "versions", absent)
    assert build.main([]) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "imcmoo[build]" in message
