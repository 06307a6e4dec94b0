"""Energy of a digital multiply-accumulate unit: multiplier, adder and registers.

Gates are those of adder trees (`adder_trees.py`). An array multiplier has a full adder for each bit
but those of the first row.
"""

from __future__ import annotations

from math import ceil, log2

from imcmoo.arrays import Floats
from imcmoo.model.physical.adder_trees import ADDER, FLIP_FLOP
from imcmoo.model.physical.components import Technology
from imcmoo.model.physical.parameters import Designs

AND_CHARGE = 0.5
"""Charge of a gate that multiplies two bits, relative to a NAND2 that switches each cycle."""
ADDER_ACTIVITY = 0.57
"""Activity of the adder: 0.1 pJ per 32-bit addition at 45 nm.

Source: Horowitz, ISSCC 2014.
"""
UNIT_ROWS = 32
"""Products whose sum a unit of the digital unit can hold."""


def switching_J(designs: Designs, technology: Technology) -> Floats:
    """Energy of switching a NAND2 of synthesised logic, J, shape (n,)."""
    a, scale = technology.assumptions, designs.technology_nm / 28 * designs.voltage_V**2
    energy: Floats = a.gate_F.value * a.logic_overhead.value * scale
    return energy


def multiplier_charge(technology: Technology) -> float:
    """Charge of a multiplication, relative to that of a NAND2."""
    x, w = technology.input_bits, technology.weight_bits
    full = ADDER.charge * (w - 1) * x + AND_CHARGE * w * x
    return full * technology.assumptions.multiplier_activity.value


def accumulator_charge(technology: Technology, rows: int) -> float:
    """Charge of an addition and the registers of a unit in a column of `rows` units, relative to
    that of a NAND2."""
    inputs, width = technology.input_bits, sum_bits(technology, rows)
    return ADDER.charge * ADDER_ACTIVITY * width + FLIP_FLOP.charge * (inputs + width)


def sum_bits(technology: Technology, rows: int) -> int:
    """Width of the sum of `rows` products, bits."""
    return technology.input_bits + technology.weight_bits + ceil(log2(rows))


def multiply_accumulate_J(designs: Designs, technology: Technology) -> Floats:
    """Energy of a multiply-accumulate of the digital unit, J, shape (n,)."""
    charge = multiplier_charge(technology) + accumulator_charge(technology, UNIT_ROWS)
    factor = technology.assumptions.mac_factor.value
    energy: Floats = switching_J(designs, technology) * charge * factor
    return energy
