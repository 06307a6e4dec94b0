"""The design spaces of the physical model: one for each device, of a size that is enumerated.

At 32 nm, the node of the paper, so that where the two models disagree it is not over the node. What
moves a ranking has values here: how many copies of layers fit (the number of macros), the supply,
ADCs and their sharing ratio, the array and its rows read at once, bits per cell, how
inputs and weights are coded, the buffer, the memory interface and the schedule. The rest is one
value:

- `link_bits` is the flit of the router whose area the component table has: wider links would cost
  nothing in the model.
- `macros_per_tile` and `glb_banks`: the number of macros is varied by tiles and groups; other banks
  bring a few percent at the most.
- `sample_and_hold`: along a row with resistive cells all columns would conduct at once, which
  almost no array bears; on SRAM it hides the reading behind the ADCs.
- A chip without any memory interface is left out: its inputs would arrive for nothing.
- Three bits per cell cannot be distinguished at the cells' spread.
"""

from dataclasses import replace

from imcmoo.space.design_space import DesignSpace
from imcmoo.space.parameters import Categorical, Conditional, Integer, Ordinal, Parameter
from problems.rram import powers_of_two

ROUTER_FLIT_BITS = 128

VOLTAGE = Ordinal("voltage_V", (0.6, 0.8, 0.9, 1.0), unit="V")

FIXED = {
    "technology_nm": 32,
    "link_bits": ROUTER_FLIT_BITS,
    "mac_units": 256,
    "adc_model": "zigzag",
}


def active_rows(rows: Ordinal, halvings: int, *, one_less: bool = False) -> Parameter:
    """All rows at once, a half, a quarter and so on.

    Args:
        rows: rows of a macro.
        halvings: number of further shares.
        one_less: whether each may be one row less, too: b bits code the sums of 2^b − 1 rows.
    """
    less = (0, 1) if one_less else (0,)
    shares = {
        r: tuple((r >> k) - fewer for k in range(halvings + 1) for fewer in less)
        for r in rows.values
    }
    return Conditional("active_rows", rows, shares)


def _operands(adc_bits_by_slice: dict[int, tuple[int, ...]]) -> tuple[Parameter, ...]:
    """Coding of weights and inputs, and conversion of sums.

    Wider slices need finer ADCs for the same signal to noise, so each has its own range: a
    step from one slice to the next keeps the quality, and a search need not change both at once.
    """
    slices = Ordinal("input_slice_bits", tuple(adc_bits_by_slice))
    return (
        Categorical("weight_coding", ("offset", "differential")),
        slices,
        Categorical("input_coding", ("pulses", "levels")),
        Conditional("adc_bits", slices, adc_bits_by_slice),
    )


_RRAM_ROWS = Ordinal("rows", powers_of_two(128, 512))

RRAM_PHYSICAL = DesignSpace(
    "rram_physical",
    (
        VOLTAGE,
        _RRAM_ROWS,
        Ordinal("cols", powers_of_two(256, 1024)),
        active_rows(_RRAM_ROWS, 2),
        Integer("bits_per_cell", 1, 2),
        *_operands({1: (5, 6, 7, 8), 2: (6, 7, 8, 9), 4: (7, 8, 9, 10)}),
        Ordinal("columns_per_adc", powers_of_two(16, 64)),
        Ordinal("tiles_per_group", powers_of_two(8, 32)),
        Ordinal("router_groups", powers_of_two(16, 64)),
        Ordinal("glb_KiB", (512, 2048, 8192)),
        Categorical("dram", ("x16", "x64", "hbm2")),
        Categorical("schedule", ("layer", "pipelined")),
    ),
    FIXED
    | {
        "device": "rram",
        "macros_per_tile": 16,
        "glb_banks": 8,
        "sample_and_hold": 0,
        "ping_pong": 0,
    },
)
"""5,038,848 designs whose weights stay on the chip."""

_SRAM_ROWS = Ordinal("rows", powers_of_two(32, 256))

SRAM_PHYSICAL = DesignSpace(
    "sram_physical",
    (
        VOLTAGE,
        _SRAM_ROWS,
        Ordinal("cols", powers_of_two(64, 512)),
        active_rows(_SRAM_ROWS, 1, one_less=True),
        *_operands({1: (4, 5, 6, 7, 8), 2: (5, 6, 7, 8, 9)}),
        Ordinal("columns_per_adc", powers_of_two(1, 4)),
        Ordinal("tiles_per_group", powers_of_two(2, 8)),
        Ordinal("router_groups", powers_of_two(16, 64)),
        Ordinal("glb_KiB", (256, 1024, 4096)),
        Categorical("dram", ("x16", "x64", "hbm2")),
        Integer("ping_pong", 0, 1),
    ),
    FIXED
    | {
        "device": "sram",
        "bits_per_cell": 1,
        "macros_per_tile": 4,
        "glb_banks": 4,
        "sample_and_hold": 1,
        "schedule": "layer",
    },
)
"""4,976,640 designs whose weights stream from memory or stay, whichever is better."""

ATTENTION_UNITS = 4096
"""Multiply-accumulate units for products of activations, which only attention has."""


def with_attention(space: DesignSpace) -> DesignSpace:
    """The space with a digital unit for networks with attention."""
    fixed = {**space.fixed, "mac_units": ATTENTION_UNITS}
    return replace(space, name=f"{space.name}_attention", fixed=fixed)


RRAM_PHYSICAL_ATTENTION = with_attention(RRAM_PHYSICAL)
"""The same for networks with attention: 1.7 mm² more of digital unit."""

SRAM_PHYSICAL_ATTENTION = with_attention(SRAM_PHYSICAL)
"""The same for networks with attention."""
