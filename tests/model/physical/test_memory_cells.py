"""A device of the physical model is one class, and an unknown one is an error."""

from dataclasses import replace

import numpy as np
import pytest

from imcmoo.hardware.devices import DEVICES
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.chip import operating_point
from imcmoo.model.physical.components import AdcCosts, CellCurrents, Switches, Technology
from imcmoo.model.physical.constraints import CircuitLimits, ir_drop
from imcmoo.model.physical.memory_cells import MEMORY_CELLS, Rram, is_exact, keeps_weights
from imcmoo.model.physical.parameters import DEFAULTS, Designs
from tests.model.physical.designs import DESIGN, TABLE, columns

DESIGNS = Designs.of_columns(columns(voltage_V=0.7))


class WithoutAdc(Rram):
    """RRAM with half the conductance, whose columns are read by a circuit that costs 1 of each."""

    name, defaults = "without_adc", {"adc_bits": 1, "adc_model": "isaac"}

    def currents(self, designs, assumptions):
        usual = super().currents(designs, assumptions)
        return CellCurrents(usual.conductance_S / 2, usual.height_F, usual.width_F)

    def column_circuit(self, designs, array, slowdown, technology):
        return AdcCosts(*np.ones((4, len(designs))))


def technology(device):
    return Technology(device=device, table=TABLE, assumptions=Assumptions(), switches=Switches())


def test_every_device_is_registered_by_its_name_and_has_arrays_in_the_component_table():
    assert {name: cell.name for name, cell in MEMORY_CELLS.items()} == {n: n for n in MEMORY_CELLS}
    assert all(cell.array in DEVICES for cell in MEMORY_CELLS.values())


@pytest.mark.parametrize("ask", [is_exact, keeps_weights, CircuitLimits.of_device])
def test_an_unknown_device_is_refused_with_the_known_ones(ask):
    with pytest.raises(ValueError, match="device 'flash' is not one of rram, sram"):
        ask("flash")


def test_a_cell_that_does_not_state_its_currents_cannot_be_made():
    incomplete = type("Incomplete", (type(MEMORY_CELLS["rram"]).__mro__[1],), {})
    with pytest.raises(TypeError, match="currents"):
        incomplete()


def test_a_device_states_its_column_circuit_and_its_conductance():
    usual, other = (operating_point(DESIGNS, technology(d)) for d in (Rram(), WithoutAdc()))
    assert np.all(other.adc.energy_J == 1)
    assert np.all(usual.adc.energy_J < 1)
    assert np.all(other.array_s == usual.array_s)
    drops = [
        ir_drop(DESIGNS, np.array([16.0]), usual.wire_ohm_per_m, technology(device))
        for device in (Rram(), WithoutAdc())
    ]
    assert drops[0] == 2 * drops[1] > 0


def test_the_time_of_an_adc_is_the_one_at_the_supply_of_the_design():
    nominal = replace(DESIGNS, voltage_V=np.array([0.9]))
    slow, usual = (operating_point(d, technology(Rram())) for d in (DESIGNS, nominal))
    assert usual.slowdown == pytest.approx(1)
    assert slow.adc.time_s == pytest.approx(usual.adc.time_s * slow.slowdown)


def test_columns_that_a_device_has_defaults_for_may_be_missing():
    given = {name: values for name, values in columns().items() if name != "adc_bits"}
    designs = Designs.of_columns(given, defaults=WithoutAdc.defaults)
    assert designs.to_columns()["adc_bits"] == [1]
    assert designs.to_columns()["adc_model"] == ["isaac"] != DEFAULTS["adc_model"]
    assert designs.to_columns()["rows"] == [DESIGN["rows"]]
