"""The physical model's spaces of more designs than can be enumerated: what a real chip can vary.

All that a chip of one device can be at 32 nm, the node of the spaces in `problems.physical`: every
array, coding, ADC, buffer, memory interface and tiling the component table covers.
`SRAM_TECHNOLOGY_EXTENDED` varies the node as well. Left out are:

- a chip without any memory interface: its inputs would arrive for nothing;
- inputs of 8 bits at once: 255 pulses, and no DAC settles so many levels.
"""

from __future__ import annotations

from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.physical.parameters import space_voltages
from imcmoo.space.design_space import DesignSpace
from imcmoo.space.parameters import Categorical, Conditional, Integer, Ordinal, Parameter
from problems.physical import active_rows, with_attention
from problems.rram import powers_of_two

NODE_NM = 32
NODES_NM = (7, 14, 22, 32, 45)

_ROWS = Ordinal("rows", powers_of_two(32, 1024))


def _voltages(node_nm: int) -> tuple[float, ...]:
    """The eight supplies of a node."""
    threshold = PhysicalTable.load().look_up("technology", node_nm=node_nm)["threshold_V"]
    return tuple(space_voltages(float(threshold)))


_CIRCUIT: tuple[Parameter, ...] = (
    _ROWS,
    Ordinal("cols", powers_of_two(32, 1024)),
    active_rows(_ROWS, 5),
    Categorical("weight_coding", ("offset", "differential")),
    Ordinal("input_slice_bits", (1, 2, 4)),
    Categorical("input_coding", ("pulses", "levels")),
    Integer("adc_bits", 3, 10),
    Ordinal("columns_per_adc", powers_of_two(1, 64)),
    Integer("sample_and_hold", 0, 1),
)

_SYSTEM: tuple[Parameter, ...] = (
    Ordinal("macros_per_tile", powers_of_two(4, 128)),
    Ordinal("tiles_per_group", powers_of_two(2, 64)),
    Ordinal("router_groups", powers_of_two(1, 64)),
    Ordinal("glb_KiB", powers_of_two(256, 32768)),
    Ordinal("glb_banks", powers_of_two(1, 16)),
    Ordinal("link_bits", powers_of_two(32, 512)),
    Categorical("dram", ("x16", "x32", "x64", "hbm2")),
    Categorical("schedule", ("layer", "pipelined")),
)

_FIXED = {"mac_units": 256, "adc_model": "zigzag"}

_VOLTAGE = Ordinal("voltage_V", _voltages(NODE_NM), unit="V")

RRAM_EXTENDED = DesignSpace(
    "rram_extended",
    (_VOLTAGE, *_CIRCUIT, Integer("bits_per_cell", 1, 4), *_SYSTEM),
    _FIXED | {"device": "rram", "technology_nm": NODE_NM, "ping_pong": 0},
)
"""3,745,618,329,600 designs whose weights stay on the chip."""

SRAM_EXTENDED = DesignSpace(
    "sram_extended",
    (_VOLTAGE, *_CIRCUIT, Integer("ping_pong", 0, 1), *_SYSTEM),
    _FIXED | {"device": "sram", "technology_nm": NODE_NM, "bits_per_cell": 1},
)
"""1,872,809,164,800 designs whose weights stream from memory or stay, whichever is better."""

_NODE = Ordinal("technology_nm", NODES_NM)

SRAM_TECHNOLOGY_EXTENDED = DesignSpace(
    "sram_technology_extended",
    (
        _NODE,
        Conditional("voltage_V", _NODE, {node: _voltages(node) for node in NODES_NM}, unit="V"),
        *SRAM_EXTENDED.parameters[1:],
    ),
    {key: value for key, value in SRAM_EXTENDED.fixed.items() if key != "technology_nm"},
)
"""9,364,045,824,000 designs: the above at five nodes, each with its own supplies."""


RRAM_EXTENDED_ATTENTION = with_attention(RRAM_EXTENDED)
"""The same for networks with attention: a larger digital unit."""

SRAM_EXTENDED_ATTENTION = with_attention(SRAM_EXTENDED)
"""The same for networks with attention."""

EXTENDED = (
    RRAM_EXTENDED,
    SRAM_EXTENDED,
    SRAM_TECHNOLOGY_EXTENDED,
    RRAM_EXTENDED_ATTENTION,
    SRAM_EXTENDED_ATTENTION,
)
