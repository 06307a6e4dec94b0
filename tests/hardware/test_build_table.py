"""The table builder, without running NeuroSim or CACTI."""

import warnings
from pathlib import Path

import numpy as np
import pytest

from imcmoo.hardware import build_table as build
from imcmoo.hardware.component_table import ComponentTable
from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.hardware.request import SHIPPED, Request
from tests.cli.helpers import refused


def shipped_keys(model):
    keys = {}
    for request in Request.shipped(model):
        for name, own in request.keys().items():
            keys[name] = keys.get(name, set()) | own
    return keys


@pytest.mark.parametrize("model", SHIPPED)
def test_the_shipped_table_has_exactly_the_keys_the_builder_lists(model):
    shipped = build.TABLES[model].read().tables
    for name, keys in shipped_keys(model).items():
        np.testing.assert_array_equal(shipped[name].keys, sorted(keys))


@pytest.mark.parametrize("model", SHIPPED)
def test_a_shipped_table_read_and_written_is_the_same_arrays(model, tmp_path):
    content = build.TABLES[model].read()
    content.write(tmp_path / "again.npz")
    folder = Path(build.__file__).parent
    with (
        np.load(folder / build.TABLES[model].shipped) as before,
        np.load(tmp_path / "again.npz") as again,
    ):
        assert before.files == again.files
        for name in before.files:
            assert before[name].dtype == again[name].dtype
            assert before[name].tobytes() == again[name].tobytes()


@pytest.mark.parametrize(
    ("load", "fingerprint"),
    [
        (ComponentTable.load, "594a54839762aee84b2ad0d6f33a2d9d2e59a34b5230a6ca118125222c9cf671"),
        (ComponentTable.read, "553c0cdbcdcedbb91c290ffd387711d63aac5536e6f16a717437c5654da753c1"),
        (PhysicalTable.load, "efb5165f5022abdcd291141d34ba5f72e45e32ef911ee2884bbc17d983009a5f"),
    ],
    ids=["reference", "reference, not scaled", "physical"],
)
def test_a_shipped_table_keeps_every_number(load, fingerprint):
    assert load().fingerprint == fingerprint


def test_a_failed_write_leaves_the_old_table(tmp_path, monkeypatch):
    path = tmp_path / "table.npz"
    path.write_text("old")

    def fail(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez_compressed", fail)
    with pytest.raises(OSError, match="disk full"):
        build.TABLES["reference"].read().write(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_without_hwcomponents_one_line_says_what_is_needed(monkeypatch, capsys):
    monkeypatch.setattr(build.library_costs, "PACKAGES", ("no-such-hwcomponents",))
    line = refused(capsys, "components", "build", "--all", "--out", "t.npz")
    assert "imcmoo[build]" in line


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
