"""The physical model's component table: what it covers, how it is looked up, what it refuses."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imcmoo.hardware import build_table as build
from imcmoo.hardware.lookup import KeyedRows
from imcmoo.hardware.physical_table import PHYSICAL_COMPONENTS, PhysicalTable

TABLE = PhysicalTable.load()

FROM_32 = "47a7f84bd549b3f347a1354bc8bb4d311fe768a2b0b7fee76a7b0e36ba6f6c39"
"""Fingerprint of the table that held no array of fewer than 32 rows or columns."""


def test_arrays_of_16_rows_or_columns_changed_no_other_number() -> None:
    tables = dict(TABLE.tables)
    for name in ("rram", "sram"):
        column = tables[name].column
        tables[name] = having(tables[name], np.minimum(column("rows"), column("cols")) >= 32)
    buffer = tables["buffer"]
    small = buffer.column("depth_words") == 16
    small |= (buffer.column("width_bits") == 16) & ~np.isin(buffer.column("depth_words"), TILES)
    tables["buffer"] = having(buffer, ~small)
    assert len(tables["rram"].keys) < len(TABLE.tables["rram"].keys)
    assert PhysicalTable(tables, {}).fingerprint == FROM_32


TILES = 2 ** np.arange(5, 11)
"""Depths of the buffers beside arrays of 32 to 1,024 rows and columns."""


def having(table: KeyedRows, kept: np.ndarray) -> KeyedRows:
    return replace(table, keys=table.keys[kept], values=table.values[:, kept])


@pytest.mark.parametrize("device", ["rram", "sram"])
def test_covers_arrays_of_16_to_1024_at_every_node(device: str) -> None:
    node, rows, cols = np.ix_([7, 10, 14, 22, 32, 45], *[2 ** np.arange(4, 11)] * 2)
    found = TABLE.look_up(device, node_nm=node, voltage_V=0.9, rows=rows, cols=cols)
    assert (found["cell_area"] > 0).all()
    assert (np.diff(found["row_area"], axis=1) > 0).all()  # of all rows together


def test_array_times_are_neurosims_without_its_converter() -> None:
    """128 × 128 at 32 nm; with the flash converter left in, 0.5 V would say 16.96 ns."""
    found = TABLE.look_up(
        "rram", node_nm=32, voltage_V=[0.5, 0.55, 0.6, 0.7, 1.0], rows=128, cols=128
    )
    np.testing.assert_allclose(found["time"] * 1e9, [5.50, 1.80, 0.96, 0.46, 0.19], atol=0.006)


def test_known_components_at_32_nm() -> None:
    mac = TABLE.look_up("mac", node_nm=32)
    assert float(mac["energy"]) == pytest.approx(0.72e-12, rel=0.01)
    assert float(mac["area"]) == pytest.approx(404e-12, rel=0.01)
    sar = TABLE.look_up("neurosim_sar", node_nm=32, bits=8)
    assert float(sar["energy"]) == pytest.approx(0.161e-12, rel=0.01)
    assert float(sar["area"]) == pytest.approx(382e-12, rel=0.01)
    assert float(sar["time"]) == pytest.approx(12.6e-9)
    isaac = TABLE.look_up("isaac", node_nm=32, bits=[4, 8, 10])
    np.testing.assert_allclose(isaac["energy"], [0.79e-12, 1.67e-12, 2.379e-12], rtol=1e-3)
    glb = TABLE.look_up("buffer", node_nm=32, width_bits=2048, depth_words=4096, banks=[1, 4, 16])
    np.testing.assert_allclose(glb["cycle"] * 1e9, [7.3, 3.2, 2.5], atol=0.06)


def test_thresholds_and_wires_are_neurosims() -> None:
    found = TABLE.look_up("technology", node_nm=[45, 32, 22, 14, 10, 7])
    expected = [0.4644, 0.4420, 0.4199, 0.3821, 0.3906, 0.4025]
    np.testing.assert_allclose(found["threshold_V"], expected, atol=6e-5)
    pitch = 4 * np.array([32e-9, 22e-9])
    np.testing.assert_allclose(found["wire_ohm_per_m"][1:3] * pitch, [0.84, 1.17], atol=0.006)


@pytest.mark.parametrize("name", sorted(PHYSICAL_COMPONENTS))
def test_rows_are_found_by_all_their_keys(name: str) -> None:
    rows = TABLE.tables[name]
    chosen = np.random.default_rng(1).integers(0, len(rows.keys), 50)
    keys = {
        key: column[chosen] / 1000 if key == "voltage_V" else column[chosen]
        for key, column in zip(rows.key_names, rows.keys.T, strict=True)
    }
    for quantity, values in rows.look_up(**keys).items():
        expected = rows.values[rows.quantities.index(quantity)][chosen]
        np.testing.assert_array_equal(values, expected)


@given(node=st.sampled_from([22, 32, 28]), volt=st.floats(-1, 3), rows=st.integers(-1, 5000))
def test_what_is_not_covered_is_refused_with_what_is(node: int, volt: float, rows: int) -> None:
    keys = {"node_nm": node, "voltage_V": volt, "rows": rows, "cols": 64}
    table = TABLE.tables["sram"]
    wanted = np.array([node, volt * 1000, rows, 64])
    if np.any(np.all(np.abs(table.keys - wanted) < 1e-6, axis=1)):
        assert math.isfinite(float(TABLE.look_up("sram", **keys)["time"]))
        return
    with pytest.raises(ValueError, match="is missing there, available"):
        TABLE.look_up("sram", **keys)


def test_an_unknown_component_or_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="component 'flux' is not one of rram"):
        TABLE.look_up("flux")
    np.savez(tmp_path / "table.npz", metadata="{}")
    with pytest.raises(ValueError, match="not a component table of the physical model"):
        PhysicalTable.load(tmp_path / "table.npz")


def test_a_sample_of_the_table_computed_again(tmp_path: Path) -> None:
    pytest.importorskip("hwcomponents_neurosim", reason="hwcomponents is not installed")
    rng = np.random.default_rng(3)
    for name, rows in TABLE.tables.items():
        for at in rng.integers(0, len(rows.keys), 3):
            task = (name, tuple(rows.keys[at].tolist()), None)
            costs = build.compute_row("physical", task, scratch=tmp_path)
            expected = [costs[quantity] for quantity in rows.quantities]
            np.testing.assert_allclose(rows.values[:, at], expected, rtol=1e-9)
