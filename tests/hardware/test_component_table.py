"""The component table: what it covers, how it is looked up, what it refuses."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
import pytest

from imcmoo.hardware.component_table import COMPONENTS, ComponentTable
from imcmoo.hardware.devices import DEVICES
from imcmoo.hardware.lookup import KeyedRows
from imcmoo.hardware.physical_table import PHYSICAL_COMPONENTS, PhysicalTable
from imcmoo.hardware.request import MILLIVOLTS
from imcmoo.hardware.scaling import SCALINGS

NODES_NM = np.array([7, 10, 14, 22, 32, 45])

PAPERS = {
    "current": "45279b87297d45213c57b292be700521e620a7416aca81db1c5493bf3b60e15a",
    "reference": "d6adc0ed3fef40b56d9cdf20e34093cb7561dd60e42e89245d07d7c49eb73540",
}
"""Fingerprints of the table that held the crossbars of the paper's spaces and no others."""


@pytest.fixture(scope="module")
def table() -> ComponentTable:
    return ComponentTable.load()


@pytest.fixture(scope="module")
def current() -> ComponentTable:
    return ComponentTable.load(scaling="current")


def powers(first: int, last: int) -> np.ndarray:
    return 2 ** np.arange(np.log2(first), np.log2(last) + 1)


def volts(first_mV: int, last_mV: int) -> np.ndarray:
    return np.arange(first_mV, last_mV + 1, 50) / 1000


@pytest.mark.parametrize("scaling", SCALINGS)
def test_what_is_not_the_papers_changed_no_number_of_the_papers(scaling: str) -> None:
    table = ComponentTable.load(scaling=scaling)
    own = {name: papers_rows(rows) for name, rows in table.tables.items()}
    assert replace(table, tables=own).fingerprint == PAPERS[scaling]


def papers_rows(table: KeyedRows) -> KeyedRows:
    """The rows of one component that some design of the paper has."""
    column = dict(zip(table.key_names, table.keys.T, strict=True))
    kept = column["node_nm"] <= 45
    if table.name in ("rram crossbar", "sram crossbar"):
        largest = np.where(column["node_nm"] == 32, 512, 256)
        smallest = 32 if table.name == "rram crossbar" else 16
        for name in ("rows", "cols"):
            kept &= (smallest <= column[name]) & (column[name] <= largest)
    if table.name == "rram crossbar":
        kept &= (column["node_nm"] == 32) & (column["voltage_V"] <= 850)
    if table.name == "adder":
        kept &= column["bits"] != 10
    if table.name == "buffer":
        kept &= column["depth_words"] != 1024
    return replace(table, keys=table.keys[kept], values=table.values[:, kept])


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("node_nm", MILLIVOLTS)
def test_covers_every_node_and_crossbars_up_to_1024(
    table: ComponentTable, device: str, node_nm: int
) -> None:
    voltage, rows, cols = np.ix_(volts(*MILLIVOLTS[node_nm]), powers(16, 1024), powers(16, 1024))
    costs = table.crossbar(device, node_nm, voltage, rows, cols)
    assert costs["cell_area"].shape == (voltage.size, 7, 7)
    assert np.all(np.diff(costs["adc_area"], axis=2) > 0)  # of more columns
    assert np.all(table.buffer(node_nm, 8 * powers(2, 128)[:, None], powers(16, 1024))["read"] > 0)


def test_larger_nodes_have_larger_cells_and_buffers(table: ComponentTable) -> None:
    nodes = np.array([*MILLIVOLTS])
    for device in DEVICES:
        nominal = np.array([MILLIVOLTS[node][1] for node in nodes]) / 1000
        assert np.all(np.diff(table.crossbar(device, nodes, nominal, 128, 128)["cell_area"]) > 0)
    assert np.all(np.diff(table.buffer(nodes, 64, 128)["area"]) > 0)


@pytest.mark.parametrize(
    ("device", "node_nm", "first_mV", "last_mV", "smallest", "largest"),
    [
        ("rram", 32, 500, 850, 32, 512),
        ("sram", 32, 500, 1000, 16, 512),
        ("sram", 7, 450, 800, 16, 256),
        ("sram", 10, 500, 850, 16, 256),
        ("sram", 14, 550, 900, 16, 256),
        ("sram", 22, 650, 1000, 16, 256),
        ("sram", 45, 750, 1100, 16, 256),
    ],
)
def test_covers_the_crossbars_of_the_paper(
    table: ComponentTable,
    device: str,
    node_nm: int,
    first_mV: int,
    last_mV: int,
    smallest: int,
    largest: int,
) -> None:
    voltage, rows, cols = np.ix_(
        volts(first_mV, last_mV), powers(smallest, largest), powers(smallest, largest)
    )
    costs = table.crossbar(device, node_nm, voltage, rows, cols)
    shape = (voltage.size, rows.size, cols.size)
    assert {values.shape for values in costs.values()} == {shape}
    assert np.all(costs["row_read_on_high"] > costs["row_read_off_high"])
    assert np.all(costs["adc_area"] > 0)


def test_covers_the_buffers_and_their_address_adders(table: ComponentTable) -> None:
    node, width, depth = np.ix_(NODES_NM, 8 * powers(2, 128), powers(16, 512))
    glb_node, glb_depth = np.ix_(NODES_NM, powers(2048, 524288))
    for costs in (table.buffer(node, width, depth), table.buffer(glb_node, 2048, glb_depth)):
        assert all(np.all(values > 0) for values in costs.values())
    assert table.adder(node, np.log2(depth))["energy"].shape == (6, 1, 6)
    assert np.all(table.adder(glb_node, np.log2(glb_depth))["leak"] > 0)


def test_every_value_is_finite_and_not_negative(table: ComponentTable) -> None:
    for rows in table.tables.values():
        assert np.all(np.isfinite(rows.values) & (rows.values >= 0)), rows.name


def test_known_values_of_an_rram_macro(table: ComponentTable) -> None:
    """The first record of the reference's single-layer runs: 32 x 256 cells at 0.6 V."""
    macro = table.crossbar("rram", 32, 0.6, 32, 256)
    a, c = 0.5476546011311311, 0.49371553546305014

    def at(name: str) -> float:
        low, high = macro[f"{name}_low"], macro[f"{name}_high"]
        return float(low + (high - low) * c)

    row = at("row_read_off") + (at("row_read_on") - at("row_read_off")) * a * 255
    assert row == pytest.approx(8.27641e-12, rel=1e-6, abs=0)
    assert at("cell_read") * a * 255 == pytest.approx(1.01156e-12, rel=3e-6, abs=0)
    assert at("adc_read") == pytest.approx(0.0978693e-12, rel=1e-6, abs=0)
    assert macro["column_area"] == pytest.approx(815.466e-12, rel=1e-6, abs=0)
    assert table.main_memory_J_per_bit == pytest.approx(8e-12, rel=1e-12, abs=0)


def test_looks_up_many_keys_as_one_by_one(table: ComponentTable) -> None:
    rng = np.random.default_rng(0)
    voltage = rng.choice(volts(500, 850), 50)
    rows, cols = rng.choice(powers(32, 512), (2, 50))
    together = table.crossbar("rram", 32, voltage, rows, cols)
    for i in range(50):
        alone = table.crossbar("rram", 32, voltage[i], rows[i], cols[i])
        assert alone["adc_leak"].shape == ()
        assert all(alone[name] == together[name][i] for name in together)


def test_float_noise_in_a_voltage_is_harmless(table: ComponentTable) -> None:
    noisy = 0.1 * 7
    assert noisy != 0.7
    exact = table.crossbar("rram", 32, 0.7, 64, 64)
    assert table.crossbar("rram", 32, noisy, 64, 64) == exact


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            (32, [0.5, 0.5004], 64, 64),
            r"no rram crossbar .*voltage_V 0.5004 .*available: 0.5, 0.55",
        ),
        ((28, 0.5, 64, 64), r"node_nm 28 is missing there, available: 7, 10, 14, 22, .*, 90$"),
        ((32, 0.5, [64, 48, 8], 64), r"rows 48 is missing there, available: 16, 32, .*, 1024$"),
        ((32, 0.5, 64, 2048), r"cols 2048 is missing there"),
        ((32, np.nan, 64, 64), r"voltage_V nan is missing there"),
    ],
)
def test_names_the_first_missing_key_and_what_there_is(
    table: ComponentTable, keys: tuple[float, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        table.crossbar("rram", *keys)


def test_names_what_is_missing_of_a_combination(table: ComponentTable) -> None:
    """Every key exists somewhere in the table, the combination does not."""
    with pytest.raises(ValueError, match=r"voltage_V 0.45 .*available: 0.5, .*1$"):
        table.crossbar("sram", 32, 0.45, 64, 64)
    with pytest.raises(ValueError, match=r"voltage_V 0.45 .*available: 0.85, .*1.2$"):
        table.crossbar("rram", 65, 0.45, 64, 64)
    with pytest.raises(ValueError, match=r"no buffer .*depth_words 2048 .*available: 16, "):
        table.buffer(32, 64, 2048)


def test_refuses_unknown_names(table: ComponentTable, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="device 'pcm' is not one of rram, sram"):
        table.crossbar("pcm", 32, 0.5, 64, 64)
    with pytest.raises(ValueError, match="scaling 'old' is not one of reference, current"):
        ComponentTable.load(scaling="old")
    np.savez(tmp_path / "other.npz", metadata=np.array("{}"))
    with pytest.raises(ValueError, match="not a component table: it lacks main_memory"):
        ComponentTable.load(tmp_path / "other.npz")
    with as_file(files("imcmoo.hardware") / "components.npz") as shipped, np.load(shipped) as own:
        content = {name: own[name] for name in own.files}
    for lacking in ("buffer.values", "router.quantities", "adder.keys"):
        rest = {name: array for name, array in content.items() if name != lacking}
        np.savez(tmp_path / "less.npz", **rest)
        with pytest.raises(ValueError, match=f"it lacks {lacking.partition('.')[0]}"):
            ComponentTable.load(tmp_path / "less.npz")


def changed(tmp_path: Path, shipped: str, **changes: float) -> Path:
    """A copy of a shipped table with a number changed in the last row of `component.quantity`."""
    with as_file(files("imcmoo.hardware") / shipped) as path, np.load(path) as own:
        content = {name: own[name].copy() for name in own.files}
    for entry, value in changes.items():
        component, _, quantity = entry.partition(".")
        if not quantity:
            content[component] = np.array(value)
            continue
        at = content[f"{component}.quantities"].tolist().index(quantity)
        content[f"{component}.values"][at, -1] = value
    np.savez(tmp_path / "mine.npz", **content)
    return tmp_path / "mine.npz"


WRONG = (float("nan"), float("inf"), -1e-15)


def may_be(value: float, zero_allowed: bool) -> bool:
    return value == 0 and zero_allowed


@pytest.mark.parametrize("value", [*WRONG, 0.0])
@pytest.mark.parametrize("component", COMPONENTS)
def test_a_cost_that_cannot_be_is_refused_and_its_entry_named(
    component: str, value: float, tmp_path: Path
) -> None:
    for quantity in COMPONENTS[component].quantities:
        path = changed(tmp_path, "components.npz", **{f"{component}.{quantity}": value})
        zero = quantity in COMPONENTS[component].may_be_zero
        if may_be(value, zero):
            ComponentTable.load(path)
            continue
        bound = "at least 0" if zero else "above 0"
        said = rf"mine\.npz: {component}.* with node_nm=90.*: {quantity} is .* must be {bound} and"
        with pytest.raises(ValueError, match=said):
            ComponentTable.load(path)


@pytest.mark.parametrize("value", [*WRONG, 0.0])
@pytest.mark.parametrize("component", PHYSICAL_COMPONENTS)
def test_so_is_one_of_the_physical_table(component: str, value: float, tmp_path: Path) -> None:
    for quantity in PHYSICAL_COMPONENTS[component].quantities:
        path = changed(tmp_path, "physical_components.npz", **{f"{component}.{quantity}": value})
        zero = quantity in PHYSICAL_COMPONENTS[component].may_be_zero
        if may_be(value, zero):
            PhysicalTable.load(path)
            continue
        with pytest.raises(
            ValueError, match=rf"mine\.npz: {component}.*: {quantity} is .* must be"
        ):
            PhysicalTable.load(path)


@pytest.mark.parametrize("value", [*WRONG, 0.0])
def test_main_memory_costs_something(value: float, tmp_path: Path) -> None:
    path = changed(tmp_path, "components.npz", main_memory_J_per_bit=value)
    with pytest.raises(ValueError, match=r"main_memory_J_per_bit is .*, but must be above 0"):
        ComponentTable.load(path)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [("cell_area", "cell_aria", "rram crossbar lacks cell_area"), ("leak", "leek", "lacks leak")],
)
def test_a_quantity_under_another_name_is_missed(
    old: str, new: str, said: str, tmp_path: Path
) -> None:
    with as_file(files("imcmoo.hardware") / "components.npz") as path, np.load(path) as own:
        content = {name: own[name] for name in own.files}
    for name in content:
        if name.endswith(".quantities"):
            renamed = [new if quantity == old else quantity for quantity in content[name].tolist()]
            content[name] = np.array(renamed)
    np.savez(tmp_path / "mine.npz", **content)
    with pytest.raises(ValueError, match=said):
        ComponentTable.load(tmp_path / "mine.npz")


def test_reference_scaling_differs_below_22_nm_in_buffer_energy_alone(
    table: ComponentTable, current: ComponentTable
) -> None:
    ours, now = table.buffer(NODES_NM, 64, 128), current.buffer(NODES_NM, 64, 128)
    factors = [0.564076, 0.674200, 0.797724, 1, 1, 1]
    for quantity in ("read", "write", "leak"):
        np.testing.assert_allclose(ours[quantity] / now[quantity], factors, rtol=1e-6)
    np.testing.assert_array_equal(ours["area"], now["area"])
    for name in (*DEVICES, "adder"):
        np.testing.assert_array_equal(table.tables[name].values, current.tables[name].values)


def test_reference_scaling_interpolates_the_router_at_22_nm_from_the_wrong_end(
    table: ComponentTable, current: ComponentTable
) -> None:
    read_pJ = [1.48328, 1.85220, 2.18372, 4.62568, 10.37, 15.7278]
    area_um2 = [2437.5, 4125, 7125, 10312.5, 18750, 41250]
    now = current.router(NODES_NM)
    np.testing.assert_allclose(now["read"] * 1e12, read_pJ, rtol=3e-6)
    np.testing.assert_allclose(now["area"] * 1e12, area_um2, rtol=1e-12)
    read_pJ[3], area_um2[3] = 9.22114, 17062.5
    ours = table.router(NODES_NM)
    np.testing.assert_allclose(ours["read"] * 1e12, read_pJ, rtol=3e-6)
    np.testing.assert_allclose(ours["area"] * 1e12, area_um2, rtol=1e-12)


def test_fingerprint_tells_content_apart(table: ComponentTable, current: ComponentTable) -> None:
    assert len(table.fingerprint) == 64
    assert table.fingerprint == ComponentTable.load().fingerprint
    assert table.fingerprint != current.fingerprint


def test_metadata_says_where_the_numbers_come_from(table: ComponentTable) -> None:
    assert set(SCALINGS) == {"reference", "current"}
    assert "CC BY-NC 4.0" in " ".join(table.metadata["licences"].values())
    assert table.metadata["versions"]["hwcomponents-neurosim"] == "1.0.43"
    assert {"date", "sources"} <= set(table.metadata)
