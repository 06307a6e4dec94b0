"""Prices of actions and areas, from a component table of round numbers."""

from dataclasses import replace

import numpy as np
import pytest

from imcmoo.model.reference.prices import Prices
from imcmoo.space.design_space import DesignSpace
from imcmoo.space.parameters import Categorical, Conditional, Ordinal

CROSSBAR_PICO = {
    f"{name}_{end}": pico
    for name, ends in {
        "cell_read": (1.0, 3.0),
        "cell_write": (5.0, 6.0),
        "row_read_off": (7.0, 9.0),
        "row_read_on": (10.0, 17.0),
        "row_write": (18.0, 22.0),
        "adc_read": (23.0, 28.0),
    }.items()
    for end, pico in zip(("low", "high"), ends, strict=True)
}


class RoundTable:
    """A component table whose numbers are easy to follow, in SI units."""

    main_memory_J_per_bit = 8e-12

    def crossbar(self, device, node_nm, voltage_V, rows, cols):
        pico = CROSSBAR_PICO | {f"{n}_leak": 0.5 for n in ("cell", "row", "adc", "column")}
        pico |= {f"{n}_area": 100.0 for n in ("cell", "row", "adc", "column")}
        # Voltage scales energies, rows the areas.
        return {
            name: value * 1e-12 * (rows if name.endswith("area") else voltage_V)
            for name, value in pico.items()
        }

    def adder(self, node_nm, bits):
        return {"energy": 1e-12 * bits, "leak": 2e-12 * bits, "area": 3e-12 * bits}

    def buffer(self, node_nm, width, depth):
        bits = np.asarray(width) * np.ones(len(depth))
        names = {"read": 1, "write": 2, "leak": 3, "area": 4}
        return {name: 1e-12 * factor * bits for name, factor in names.items()}

    def router(self, node_nm):
        return {"read": 10e-12 * np.ones(len(node_nm)), "area": 50e-12 * np.ones(len(node_nm))}


SPACE = DesignSpace(
    "round",
    (
        Ordinal("voltage_V", (1.0, 2.0, 3.0)),
        Ordinal("rows", (16, 64)),
        Ordinal("cols", (32, 256)),
        Ordinal("macros_per_tile", (2, 4)),
        Ordinal("glb_depth", (2048, 5000)),
    ),
    {"device": "sram", "technology_nm": 32},
)


@pytest.fixture(scope="module")
def prices():
    return Prices(SPACE, RoundTable())


def looked_up(prices, *names, **design):
    """Prices of one design; its values are the first of each parameter if not given."""
    values = {n: np.array([design.get(n, SPACE.values_of(n)[0])]) for n in SPACE.names}
    found = prices.look_up(prices.rows(SPACE.encode(values)), names)
    return [found[n].tolist()[0] for n in names]


@pytest.mark.parametrize(
    ("name", "low", "rise"),
    [
        ("cim_unit.read", 255 * 1, 255 * 2),
        ("cim_unit.write", 5, 1),
        ("row_drivers.read", 7, 2),
        # What an input pulse adds over none, at the lowest and the highest mean cell value.
        ("row_drivers.pulse", 255 * (10 - 7), 255 * ((17 - 9) - (10 - 7))),
        ("weight_drivers.read", 18, 4),
        ("adc.read", 23, 5),
    ],
)
def test_prices_of_the_crossbar_are_lines_in_the_mean_cell_value(prices, name, low, rise):
    found = looked_up(prices, f"{name}.low", f"{name}.rise")
    assert found == pytest.approx([low, rise], rel=1e-14)
    twice = looked_up(prices, f"{name}.low", f"{name}.rise", voltage_V=2.0)
    assert twice == pytest.approx([2 * low, 2 * rise], rel=1e-14)


@pytest.mark.parametrize(
    ("buffer", "design", "width", "bits"),
    [
        ("input_buffer", {"rows": 64, "macros_per_tile": 4}, 8 * 4, 6),
        ("output_buffer", {"cols": 256, "macros_per_tile": 2}, 8 * 2, 8),
        ("glb", {"glb_depth": 5000}, 2048, 13),
    ],
)
def test_a_buffer_has_one_address_adder_per_access_and_two_on_the_chip(
    prices, buffer, design, width, bits
):
    names = [f"{buffer}.{what}" for what in ("read", "write", "leak", "area")]
    expected = [width + bits, 2 * width + bits, 3 * width + 2 * 2 * bits, 4 * width + 2 * 3 * bits]
    assert looked_up(prices, *names, **design) == pytest.approx(expected, rel=1e-14)


def test_prices_are_in_pico_to_the_last_digit(prices):
    """Ties when they are rounded to six digits must remain ties."""
    # LPDDR4: 8 pJ per bit, 128 bits at a time.
    names = ("router.read", "router.area", "main_memory.read", "main_memory.area")
    assert looked_up(prices, *names) == [10e-12 * 1e12, 50e-12 * 1e12, 8e-12 * 1e12 * 128, 0]


def test_the_deciding_parameters_are_those_that_change_a_price(prices):
    assert prices.deciding(["adc.read.low"]) == ["voltage_V"]
    assert prices.deciding(["adc.area"]) == ["rows"]
    assert prices.deciding(["input_buffer.read"]) == ["rows", "macros_per_tile"]
    assert prices.deciding(["adc.read.low", "glb.leak"]) == ["voltage_V", "glb_depth"]
    assert prices.deciding(["router.area"]) == []


@pytest.mark.parametrize("nodes", [(7, 22, 32), (22, 7, 32), (22, 32, 7)])
def test_a_parameter_decides_where_only_one_of_its_values_differs(nodes):
    class OneNode(RoundTable):
        def router(self, node_nm):
            return {"read": np.where(node_nm == 7, 1e-12, 2e-12), "area": np.zeros(len(node_nm))}

    fixed = {n: SPACE.values_of(n)[0] for n in SPACE.names} | {"device": "sram"}
    space = DesignSpace("nodes", (Categorical("technology_nm", nodes),), fixed)
    assert Prices(space, OneNode()).deciding(["router.read"]) == ["technology_nm"]


def test_a_supply_that_depends_on_what_its_prices_do_not_is_refused():
    by_depth = SPACE.parameters[SPACE.names.index("glb_depth")]
    rows = {depth: (0.5, 0.6 + 0.01 * i) for i, depth in enumerate(by_depth.values)}
    supply = Conditional("voltage_V", by_depth, rows, "V")
    parameters = tuple(supply if p.name == "voltage_V" else p for p in SPACE.parameters)
    with pytest.raises(ValueError, match="voltage_V may depend on technology_nm, rows, cols, not"):
        Prices(replace(SPACE, parameters=parameters), RoundTable())
