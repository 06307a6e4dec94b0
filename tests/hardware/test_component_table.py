"""The component table: what it covers, how it is looked up, what it refuses."""

from importlib.resources import as_file, files

import numpy as np
import pytest

from imcmoo.hardware.component_table import COMPONENTS, ComponentTable
from imcmoo.hardware.devices import DEVICES
from imcmoo.hardware.physical_table import PHYSICAL_COMPONENTS, PhysicalTable
from imcmoo.hardware.request import MILLIVOLTS, SHIPPED, SIZES, powers


@pytest.fixture(scope="module")
def table():
    return ComponentTable.load()


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("node_nm", MILLIVOLTS)
def test_covers_every_node_and_crossbars_up_to_1024(table, device, node_nm):
    volts = np.array(SHIPPED["reference"].usual_mV(node_nm)) / 1000
    voltage, rows, cols = np.ix_(volts, SIZES, SIZES)
    costs = table.crossbar(device, node_nm, voltage, rows, cols)
    assert {values.shape for values in costs.values()} == {(voltage.size, 7, 7)}
    assert np.all(np.diff(costs["adc_area"], axis=2) > 0)  # of more columns
    assert np.all(costs["row_read_on_high"] > costs["row_read_off_high"])
    sizes = {"width_bits": 8 * np.array(powers(2, 128))[:, None], "depth_words": SIZES}
    assert np.all(table.look_up("buffer", node_nm=node_nm, **sizes)["read"] > 0)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (("rram", 32, [0.5, 0.5004], 64, 64), "no rram crossbar .*V 0.5004 .*available: 0.5, 0.55"),
        (("rram", 28, 0.5, 64, 64), "node_nm 28 is missing there, available: 7, 10, 14, .*, 90$"),
        (("rram", 32, 0.5, [64, 48, 8], 64), "rows 48 is missing there, available: 16, .*, 1024$"),
        (("rram", 32, 0.5, 64, 2048), "cols 2048 is missing there"),
        (("rram", 32, np.nan, 64, 64), "voltage_V nan is missing there"),
        # Each of these keys exists, the combination does not.
        (("sram", 32, 0.45, 64, 64), "voltage_V 0.45 .*available: 0.5, .*1$"),
        (("rram", 65, 0.45, 64, 64), "voltage_V 0.45 .*available: 0.85, .*1.2$"),
        (("pcm", 32, 0.5, 64, 64), "device 'pcm' is not one of rram, sram"),
    ],
)
def test_names_the_first_missing_key_and_what_there_is(table, keys, message):
    with pytest.raises(ValueError, match=message):
        table.crossbar(*keys)


def shipped_arrays(name):
    with as_file(files("imcmoo.hardware") / name) as path, np.load(path) as stored:
        return {name: stored[name].copy() for name in stored.files}


def test_an_unknown_component_and_a_file_that_lacks_a_part_are_refused(tmp_path):
    with pytest.raises(ValueError, match="component 'flux' is not one of rram"):
        PhysicalTable.load().look_up("flux")
    path = tmp_path / "less.npz"
    np.savez(path, metadata=np.array("{}"))
    with pytest.raises(ValueError, match="not a component table of the physical model"):
        PhysicalTable.load(path)
    with pytest.raises(ValueError, match="not a component table: it lacks main_memory"):
        ComponentTable.load(path)
    content = shipped_arrays("components.npz")
    for lacking in ("buffer.values", "router.quantities", "adder.keys"):
        np.savez(path, **{name: array for name, array in content.items() if name != lacking})
        with pytest.raises(ValueError, match=f"it lacks {lacking.partition('.')[0]}"):
            ComponentTable.load(path)
    renamed = content["rram.quantities"].tolist()
    renamed[renamed.index("cell_area")] = "cell_aria"
    np.savez(path, **content | {"rram.quantities": np.array(renamed)})
    with pytest.raises(ValueError, match="rram crossbar lacks cell_area"):
        ComponentTable.load(path)


CONTENTS = {
    "components.npz": (ComponentTable, COMPONENTS),
    "physical_components.npz": (PhysicalTable, PHYSICAL_COMPONENTS),
}


@pytest.mark.parametrize(
    ("name", "component"), [(name, part) for name in CONTENTS for part in CONTENTS[name][1]]
)
def test_a_cost_that_cannot_be_is_refused_and_its_entry_named(name, component, tmp_path):
    table, components = CONTENTS[name]
    content, path = shipped_arrays(name), tmp_path / "mine.npz"
    values = content[f"{component}.values"]
    stored = content[f"{component}.quantities"].tolist()
    for at, quantity in enumerate(components[component].quantities):
        last = values[stored.index(quantity)]
        right, zero = last[-1], quantity in components[component].may_be_zero
        said = rf"mine\.npz: {component}.*: {quantity} is .* must be"
        # Writing a table takes most of the time: a quantity has one of the wrong values.
        last[-1] = ((np.inf, -1e-15, 1e-35) if zero else (np.nan, 0.0, 1e300))[at % 3]
        np.savez(path, **content)
        with pytest.raises(ValueError, match=f"{said} {'0 or ' if zero else ''}from 1e-30 to"):
            table.load(path)
        if zero:
            last[-1] = 0.0
            np.savez(path, **content)
            table.load(path)
        last[-1] = right


def test_metadata_says_where_the_numbers_come_from(table):
    assert "CC BY-NC 4.0" in " ".join(table.metadata["licences"].values())
    assert table.metadata["versions"]["hwcomponents-neurosim"] == "1.0.43"
    assert {"date", "sources"} <= set(table.metadata)
