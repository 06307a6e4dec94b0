"""The physical model's component table: what it covers, how it is looked up, what it refuses."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imcmoo.hardware import build_table as build
from imcmoo.hardware.physical_table import PHYSICAL_COMPONENTS, PhysicalTable

TABLE = PhysicalTable.load()

FROM_32 = "47a7f84bd549b3f347a1354bc8bb4d311fe768a2b0b7fee76a7b0e36ba6f6c39"
"""Fingerprint of the table that held no array of fewer than 32 rows or columns."""


def test_arrays_of_16_rows_or_columns_changed_no_other_number():
    tables = dict(TABLE.tables)
    for name in ("rram", "sram"):
        column = tables[name].column
        tables[name] = having(tables[name], np.minimum(column("rows"), column("cols")) >= 32)
    buffer = tables["buffer"]
    small = buffer.column("depth_words") == 16
    small |= (buffer.column("width_bits") == 16) & ~np.isin(buffer.column("depth_words"), TILES)
    tables["buffer"] = having(buffer, ~small)
    assert len(tables["rram"].keys) < len(TABLE.tables["rram"].keys)
    assert replace(TABLE, tables=tables).fingerprint == FROM_32


TILES = 2 ** np.arange(5, 11)
"""Depths of the buffers beside arrays of 32 to 1,024 rows and columns."""


def having(table, kept):
    return replace(table, keys=table.keys[kept], values=table.values[:, kept])


@pytest.mark.parametrize("name", sorted(PHYSICAL_COMPONENTS))
def test_rows_are_found_by_all_their_keys(name):
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
def test_what_is_not_covered_is_refused_with_what_is(node, volt, rows):
    keys = {"node_nm": node, "voltage_V": volt, "rows": rows, "cols": 64}
    table = TABLE.tables["sram"]
    wanted = np.array([node, volt * 1000, rows, 64])
    if np.any(np.all(np.abs(table.keys - wanted) < 1e-6, axis=1)):
        assert math.isfinite(float(TABLE.look_up("sram", **keys)["time"]))
        return
    with pytest.raises(ValueError, match="is missing there, available"):
        TABLE.look_up("sram", **keys)


def test_an_unknown_component_or_file_is_refused(tmp_path):
    with pytest.raises(ValueError, match="component 'flux' is not one of rram"):
        TABLE.look_up("flux")
    np.savez(tmp_path / "table.npz", metadata="{}")
    with pytest.raises(ValueError, match="not a component table of the physical model"):
        PhysicalTable.load(tmp_path / "table.npz")


def test_a_sample_of_the_table_computed_again(tmp_path):
    pytest.importorskip("hwcomponents_neurosim", reason="hwcomponents is not installed")
    rng = np.random.default_rng(3)
    for name, rows in TABLE.tables.items():
        for at in rng.integers(0, len(rows.keys), 3):
            task = (name, tuple(rows.keys[at].tolist()), None)
            costs = build.compute_row("physical", task, scratch=tmp_path)
            expected = [costs[quantity] for quantity in rows.quantities]
            np.testing.assert_allclose(rows.values[:, at], expected, rtol=1e-9)
