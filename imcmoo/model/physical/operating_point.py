"""What node, supply and array mean for speed and for energies: the clocked world of a chip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.converters import ConverterCosts, converter_costs, flash_costs
from imcmoo.model.physical.devices import CellPrices, Device
from imcmoo.model.physical.parameters import Designs
from imcmoo.model.physical.switches import Switches

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class OperatingPoint:
    """Speed and component costs of n chips; every array has shape (n,).

    Args:
        slowdown: κ, how much slower logic is than at nominal supply.
        clock_Hz: of links, buffers and the digital unit.
        supply: (V / nominal)², what library energies are scaled by.
        threshold_V: of the node.
        wire_ohm_per_m: of the node's array wires.
        array: quantities of one crossbar, as `physical_costs.array` names them.
        converter: one converter.
        cell: one cell.
        array_s: one read of an array, without pulses and conversion.
    """

    slowdown: Floats
    clock_Hz: Floats
    supply: Floats
    threshold_V: Floats
    wire_ohm_per_m: Floats
    array: Mapping[str, Floats]
    converter: ConverterCosts
    cell: CellPrices
    array_s: Floats


def slowdown(voltage_V: Floats, threshold_V: Floats, given: Assumptions) -> Floats:
    """κ(V) = [V / (V − V_th)^α] / [V₀ / (V₀ − V_th)^α].

    Raises:
        ValueError: a supply at or below the threshold.

    Source: NeuroSim's on-current ∝ (V − V_th)² for α = 2; Sakurai and Newton, α-power law.
    """
    if np.any(voltage_V <= threshold_V):
        first = int(np.argmax(voltage_V <= threshold_V))
        raise ValueError(
            f"voltage_V {voltage_V[first]:g} of design {first} is not above the threshold of its "
            f"node, {threshold_V[first]:g} V"
        )
    nominal, power = given.nominal_V.value, given.voltage_exponent.value

    def delay(volt: Floats | float) -> Floats:
        overdrive: Floats = np.asarray(volt) - threshold_V
        return volt / overdrive**power

    ratio: Floats = delay(voltage_V) / delay(nominal)
    return ratio


def operating_point(
    designs: Designs,
    *,
    device: Device,
    table: PhysicalTable,
    given: Assumptions,
    switches: Switches,
) -> OperatingPoint:
    """Look up everything that depends on node, supply, array and converter.

    Raises:
        ValueError: a value the component table lacks; says what it has.
    """
    node = designs.technology_nm
    size = {"node_nm": node, "rows": designs.rows, "cols": designs.cols}
    technology = table.look_up("technology", node_nm=node)
    array = table.look_up(device.name, voltage_V=designs.voltage_V, **size)
    kappa = slowdown(designs.voltage_V, technology["threshold_V"], given)
    timed = array
    if not switches.voltage_slows:
        kappa = np.ones_like(kappa)
        timed = table.look_up(device.name, voltage_V=given.nominal_V.value, **size)
    if switches.shared_converters:
        converter = converter_costs(designs, table, given.nominal_V.value)
        muxed = designs.columns_per_adc > 1
    else:
        converter, muxed = flash_costs(array), np.zeros(len(designs), bool)
    return OperatingPoint(
        slowdown=kappa,
        clock_Hz=given.clock_Hz.value * np.minimum(1.0, 1 / kappa),
        supply=(designs.voltage_V / given.nominal_V.value) ** 2,
        threshold_V=technology["threshold_V"],
        wire_ohm_per_m=technology["wire_ohm_per_m"],
        array=array,
        converter=converter,
        cell=device.prices(designs, array, kappa, table=table, given=given),
        array_s=np.where(muxed, np.maximum(timed["time"], timed["time_muxed"]), timed["time"]),
    )
