"""Four named models of an analog-digital converter: a conclusion should survive all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.physical.parameters import ADC_MODELS, Designs

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ConverterCosts:
    """One converter of each design, arrays of shape (n,).

    Args:
        energy_J: of a conversion.
        area_m2: of the converter.
        leak_W: of the converter.
        time_s: of a conversion, at nominal supply.
    """

    energy_J: Floats
    area_m2: Floats
    leak_W: Floats
    time_s: Floats


class ConverterModel(Protocol):
    """What a converter costs at each design's node, supply, resolution and active rows."""

    def costs(self, designs: Designs, table: PhysicalTable, nominal_V: float) -> ConverterCosts:
        """Costs of one converter; `nominal_V` is the supply of library energies."""


@dataclass(frozen=True)
class ZigZagConverter:
    """Fitted to three 28 nm macros; energy and area go with the node (an assumption).

    Source: zigzag, hardware/architecture/imc_array.py (KULeuven-MICAS), ADC energy, area, delay.
    """

    fitted_nm: float = 28.0

    def costs(self, designs: Designs, table: PhysicalTable, nominal_V: float) -> ConverterCosts:
        """As `ConverterModel`; its energy goes with the square of the design's supply."""
        bits, scale = designs.adc_bits, designs.technology_nm / self.fitted_nm
        return ConverterCosts(
            energy_J=(100e-15 * bits + 1e-18 * 4.0**bits) * designs.voltage_V**2 * scale,
            area_m2=10 ** (1.206 - 0.0369 * bits) * 2.0**bits * 1e-12 * scale,
            leak_W=np.zeros(len(designs)),
            time_s=bits * (0.64e-9 + 0.00653e-9 * designs.active_rows),
        )


@dataclass(frozen=True)
class TabulatedConverter:
    """A converter of the component libraries.

    Args:
        name: its table.
        ignores_supply: whether its energy stays the same at every supply, as in the library.
    """

    name: str
    ignores_supply: bool = False

    def costs(self, designs: Designs, table: PhysicalTable, nominal_V: float) -> ConverterCosts:
        """As `ConverterModel`.

        Raises:
            ValueError: node or resolution is not in the table; says what is.
        """
        found = table.look_up(self.name, node_nm=designs.technology_nm, bits=designs.adc_bits)
        supply = 1.0 if self.ignores_supply else (designs.voltage_V / nominal_V) ** 2
        return ConverterCosts(found["energy"] * supply, found["area"], found["leak"], found["time"])


MODELS: dict[str, ConverterModel] = {
    "zigzag": ZigZagConverter(),
    "neurosim_sar": TabulatedConverter("neurosim_sar", ignores_supply=True),
    "murmann": TabulatedConverter("murmann"),
    "isaac": TabulatedConverter("isaac"),
}


def converter_costs(designs: Designs, table: PhysicalTable, nominal_V: float) -> ConverterCosts:
    """Costs by each design's own converter model."""
    present = np.unique(designs.adc_model)
    if len(present) == 1:
        return MODELS[ADC_MODELS[present[0]]].costs(designs, table, nominal_V)
    parts = [np.empty(len(designs)) for _ in range(4)]
    for index in present:
        here = designs.adc_model == index
        costs = MODELS[ADC_MODELS[index]].costs(designs.take(here), table, nominal_V)
        values = (costs.energy_J, costs.area_m2, costs.leak_W, costs.time_s)
        for part, value in zip(parts, values, strict=True):
            part[here] = value
    return ConverterCosts(*parts)


def flash_costs(array: Mapping[str, Floats]) -> ConverterCosts:
    """The reference's 5-bit flash converter of every column, from NeuroSim; it takes no time."""
    return ConverterCosts(
        energy_J=array["flash_energy"],
        area_m2=array["flash_area"],
        leak_W=array["flash_leak"],
        time_s=np.zeros_like(array["flash_energy"]),
    )
