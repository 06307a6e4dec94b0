"""The RRAM design space of the paper: 12,096,000 accelerators at 32 nm."""

from imcmoo.space.design_space import DesignSpace
from imcmoo.space.parameters import Integer, Ordinal, Real

MIB_WORDS = 4096
"""Words of 2,048 bits in one MiB of global buffer."""

CYCLES_S = (1e-9, 2e-9, 4e-9, 6e-9, 8e-9, 10e-9)
"""Cycle times of all spaces."""


def powers_of_two(low: int, high: int) -> tuple[int, ...]:
    """The powers of two from `low` to `high`, both included."""
    return tuple(1 << k for k in range(low.bit_length() - 1, high.bit_length()))


RRAM = DesignSpace(
    name="rram",
    parameters=(
        Real("voltage_V", 0.50, 0.85, levels=8, unit="V"),
        Integer("bits_per_cell", 1, 8),
        Ordinal("cycle_s", CYCLES_S, unit="s"),
        Ordinal("rows", powers_of_two(32, 512)),
        Ordinal("cols", powers_of_two(32, 512)),
        Ordinal("router_groups", powers_of_two(1, 32)),
        Ordinal("tiles_per_group", powers_of_two(4, 64)),
        Ordinal("macros_per_tile", powers_of_two(4, 128)),
        Ordinal("glb_depth", powers_of_two(MIB_WORDS // 2, 32 * MIB_WORDS)),
    ),
    fixed={"device": "rram", "technology_nm": 32},
)
