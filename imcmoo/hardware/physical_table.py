"""Component table of the physical model: costs, areas and times by arrays of keys.

In J, W, m2, s, V and Ω/m, as given by NeuroSim, CACTI and the component library; functions of
`physical_costs` describe the quantities.
"""

from __future__ import annotations

from imcmoo.hardware.component_table import CROSSBAR_KEYS, Component, TableContent
from imcmoo.hardware.devices import DEVICES

_ARRAY = (
    *("time", "time_muxed"),
    *("cell_read_low", "cell_read_high", "cell_write_low", "cell_write_high"),
    *("row_leak", "column_leak", "cell_leak"),
    *("row_area", "column_area", "column_area_muxed", "cell_area"),
    *("flash_energy", "flash_area", "flash_leak"),
)
# The leakage of an ADC may be part of the energy of a conversion.
_ADC = Component(("node_nm", "bits"), ("energy", "area", "leak", "time"), ("leak",))

PHYSICAL_COMPONENTS = {
    **{
        name: Component(CROSSBAR_KEYS, _ARRAY, device.may_be_zero, title=f"{name} array")
        for name, device in DEVICES.items()
    },
    "neurosim_sar": _ADC,
    "murmann": _ADC,
    "isaac": _ADC,
    "buffer": Component(
        ("node_nm", "width_bits", "depth_words", "banks"),
        ("read", "write", "leak", "area", "cycle"),
    ),
    "shift_add": Component(("node_nm", "bits"), ("energy", "leak", "area")),
    "dac": Component(("node_nm", "bits"), ("area",)),
    "mac": Component(("node_nm",), ("energy", "leak", "area")),
    "router": Component(("node_nm",), ("read", "area")),
    "technology": Component(("node_nm",), ("threshold_V", "wire_ohm_per_m")),
    "dram": Component(("width_bits",), ("energy_per_bit", "pin_rate")),
}
"""Components of the physical model."""


class PhysicalTable(TableContent):
    """Component table of the physical model; create it with `load`."""

    title = "a component table of the physical model"
    shipped = "physical_components.npz"
    components = PHYSICAL_COMPONENTS
