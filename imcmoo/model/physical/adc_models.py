"""Four ADC models; trust a conclusion only if all of them agree on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.metrics import Floats
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.parameters import ADC_MODELS, Designs


@dataclass(frozen=True, eq=False)
class AdcCosts:
    """Costs of one ADC of each design, arrays of shape (n,).

    Args:
        energy_J: of a conversion.
        area_m2: of the ADC.
        leak_W: of the ADC.
        time_s: of a conversion, at nominal supply.
    """

    energy_J: Floats
    area_m2: Floats
    leak_W: Floats
    time_s: Floats


@dataclass(frozen=True)
class ZigZagAdc:
    """Fitted to three 28 nm macros; energy and area go with the node (an assumption).

    Source: zigzag, hardware/architecture/imc_array.py (KULeuven-MICAS), ADC energy, area, delay.
    """

    fitted_nm: float = 28.0

    def costs(self, designs: Designs, table: PhysicalTable, assumptions: Assumptions) -> AdcCosts:
        """Costs of one ADC; energy goes with the square of the supply voltage."""
        bits, scale = designs.adc_bits, designs.technology_nm / self.fitted_nm
        return AdcCosts(
            energy_J=(100e-15 * bits + 1e-18 * 4.0**bits) * designs.voltage_V**2 * scale,
            area_m2=10 ** (1.206 - 0.0369 * bits) * 2.0**bits * 1e-12 * scale,
            leak_W=np.full(len(designs), assumptions.sar_adc_leak_W.value),
            time_s=bits * (0.64e-9 + 0.00653e-9 * designs.active_rows),
        )


@dataclass(frozen=True)
class TabulatedAdc:
    """An ADC of the component libraries.

    Args:
        name: its table.
        ignores_supply: whether its energy stays the same at every supply, as in the library.
        leaks: whether the library states its static power.
    """

    name: str
    ignores_supply: bool = False
    leaks: bool = False

    def costs(self, designs: Designs, table: PhysicalTable, assumptions: Assumptions) -> AdcCosts:
        """Costs of one ADC.

        Raises:
            ValueError: node or resolution is not in the table; says what is.
        """
        costs = table.look_up(self.name, node_nm=designs.technology_nm, bits=designs.adc_bits)
        nominal_V = assumptions.nominal_V.value
        supply = 1.0 if self.ignores_supply else (designs.voltage_V / nominal_V) ** 2
        leak = np.full(len(designs), assumptions.sar_adc_leak_W.value)
        if self.leaks:
            leak = costs["leak"] * assumptions.murmann_leak_share.value
        return AdcCosts(costs["energy"] * supply, costs["area"], leak, costs["time"])


MODELS: dict[str, ZigZagAdc | TabulatedAdc] = {
    "zigzag": ZigZagAdc(),
    "neurosim_sar": TabulatedAdc("neurosim_sar", ignores_supply=True),
    "murmann": TabulatedAdc("murmann", leaks=True),
    "isaac": TabulatedAdc("isaac"),
}


def adc_costs(designs: Designs, table: PhysicalTable, assumptions: Assumptions) -> AdcCosts:
    """Costs by the ADC model of each design."""
    present = np.unique(designs.adc_model)
    if len(present) == 1:
        return MODELS[ADC_MODELS[present[0]]].costs(designs, table, assumptions)
    parts = [np.empty(len(designs)) for _ in range(4)]
    for index in present:
        of_model = designs.adc_model == index
        costs = MODELS[ADC_MODELS[index]].costs(designs.take(of_model), table, assumptions)
        values = (costs.energy_J, costs.area_m2, costs.leak_W, costs.time_s)
        for part, value in zip(parts, values, strict=True):
            part[of_model] = value
    return AdcCosts(*parts)


def flash_costs(array: Mapping[str, Floats]) -> AdcCosts:
    """A 5-bit flash ADC per column as in the reference model, from NeuroSim; it takes no time."""
    return AdcCosts(
        energy_J=array["flash_energy"],
        area_m2=array["flash_area"],
        leak_W=array["flash_leak"],
        time_s=np.zeros_like(array["flash_energy"]),
    )
