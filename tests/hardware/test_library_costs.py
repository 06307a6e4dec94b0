"""A random sample of the shipped table, recomputed with hwcomponents' own component classes."""

import numpy as np
import pytest

from imcmoo.hardware import library_costs as live
from imcmoo.hardware.build_table import compute_row
from imcmoo.hardware.cells import cell_file
from imcmoo.hardware.component_table import ComponentTable
from imcmoo.hardware.devices import DEVICES
from imcmoo.hardware.physical_table import PhysicalTable
from tests.extras import needs

needs("build", "hwcomponents_neurosim", "hwcomponents_cacti", "hwcomponents_library")

pytestmark = pytest.mark.live

# hwcomponents and the table convert units by / 1e12 and * 1e-12: the last bit may differ.
RTOL = 1e-13


@pytest.fixture(scope="module", autouse=True)
def scratch(tmp_path_factory):
    live.use_scratch(tmp_path_factory.mktemp("hwcomponents"))


@pytest.fixture(scope="module")
def table():
    return ComponentTable.read()


def sample(table, name, size):
    """Some keys of a table, drawn with a fixed seed; voltages in V."""
    rows = table.tables[name]
    chosen = np.random.default_rng(7).choice(len(rows.keys), size, replace=False)
    named = [dict(zip(rows.key_names, key, strict=True)) for key in rows.keys[chosen].tolist()]
    return [{**key, "voltage_V": key.get("voltage_V", 0) / 1000} for key in named]


@pytest.mark.parametrize("device", DEVICES)
def test_crossbars_are_bilinear_in_input_and_weight(table, device, tmp_path):
    """Any input average a and weight average c follow from the corners in the table."""
    import hwcomponents_neurosim as neurosim
    from hwcomponents_neurosim.main import CACHE

    cell = tmp_path / "device.cell"
    cell.write_text(cell_file(device))
    rng = np.random.default_rng(11)
    for key in sample(table, device, 12):
        a, c = rng.random(2)
        CACHE.clear()  # its key leaves out the cell file
        settings = live.crossbar_settings(**key, cell_path=str(cell))
        settings |= {"average_input_value": a, "average_cell_value": c}
        rows, columns, cells = (
            model(**settings, adc_resolution=0)
            for model in (neurosim.RowDrivers, neurosim.ColDrivers, neurosim.MemoryCell)
        )
        adc = neurosim.ADC(**settings, adc_resolution=live.ADC_BITS)
        stored = table.crossbar(device, **key)
        at = {
            name.removesuffix("_low"): low + (stored[name.replace("low", "high")] - low) * c
            for name, low in stored.items()
            if name.endswith("_low")
        }
        off, on = at["row_read_off"], at["row_read_on"]
        expected = {
            rows.read().energy: off + (on - off) * a * 255,
            rows.write().energy: at["row_write"],
            cells.read().energy: at["cell_read"] * a * 255,
            cells.write().energy: at["cell_write"],
            adc.read().energy: at["adc_read"],
            columns.read().energy: 0.0,
        }
        np.testing.assert_allclose([*expected.values()], [*expected], rtol=1e-12, atol=0)
        for name, model in (("row", rows), ("column", columns), ("adc", adc), ("cell", cells)):
            np.testing.assert_allclose(stored[f"{name}_area"], model.area, rtol=RTOL)
            np.testing.assert_allclose(stored[f"{name}_leak"], model.leak_power, rtol=RTOL)


@pytest.mark.parametrize(("name", "size"), [("rram", 10), ("sram", 30)])
def test_crossbar_corners_are_what_the_builder_computes(table, name, size):
    for key in sample(table, name, size):
        fresh, stored = live.crossbar(device=name, **key), table.crossbar(name, **key)
        assert fresh == {quantity: float(value) for quantity, value in stored.items()}, key


@pytest.mark.parametrize(("name", "size"), [("adder", 20), ("buffer", 15), ("router", 6)])
def test_other_components_are_what_the_builder_computes(table, name, size):
    for key in sample(table, name, size):
        del key["voltage_V"]
        fresh, stored = getattr(live, name)(**key), table.look_up(name, **key)
        assert fresh == {quantity: float(value) for quantity, value in stored.items()}, key


def test_main_memory(table):
    assert live.main_memory_J_per_bit() == table.main_memory_J_per_bit


def test_nodes_are_the_floats_of_their_literals():
    literals = {7: 7e-9, 10: 10e-9, 14: 14e-9, 22: 22e-9, 32: 32e-9, 45: 45e-9}
    assert all(live.node_m(node) == literal for node, literal in literals.items())


def test_a_sample_of_the_physical_table_is_what_the_builder_computes(tmp_path):
    rng = np.random.default_rng(3)
    for name, rows in PhysicalTable.load().tables.items():
        for at in rng.integers(0, len(rows.keys), 3):
            task = (name, tuple(rows.keys[at].tolist()), None)
            costs = compute_row("physical", task, scratch=tmp_path)
            expected = [costs[quantity] for quantity in rows.quantities]
            np.testing.assert_allclose(rows.values[:, at], expected, rtol=1e-9)
