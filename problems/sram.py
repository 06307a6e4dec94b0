"""The SRAM design spaces of the paper: weights stream from LPDDR4 into 1-bit cells."""

from imcmoo.space.design_space import DesignSpace
from imcmoo.space.parameters import Conditional, Ordinal, Parameter, Real
from problems.rram import CYCLES_S, MIB_WORDS, powers_of_two

FIXED = {"device": "sram", "bits_per_cell": 1}

NODES_NM = (7, 10, 14, 22, 32, 45)

LOWEST_VOLTAGE_V = {7: 0.45, 10: 0.50, 14: 0.55, 22: 0.65, 32: 0.65, 45: 0.75}
"""Each node has eight voltages in steps of 0.05 V from here."""

VOLTAGE = Real("voltage_V", 0.50, 0.85, levels=8, unit="V")


def _sizes(
    largest: int, groups: tuple[int, ...], tiles: int, macros: int, mebibytes: int
) -> tuple[Parameter, ...]:
    """The parameters all SRAM spaces share, up to different ends."""
    return (
        Ordinal("cycle_s", CYCLES_S, unit="s"),
        Ordinal("rows", powers_of_two(16, largest)),
        Ordinal("cols", powers_of_two(16, largest)),
        Ordinal("router_groups", groups),
        Ordinal("tiles_per_group", powers_of_two(2, tiles)),
        Ordinal("macros_per_tile", powers_of_two(2, macros)),
        Ordinal("glb_depth", powers_of_two(MIB_WORDS, mebibytes * MIB_WORDS)),
    )


_SMALL = _sizes(256, (1, 2, 4, 6, 8, 16), 32, 64, 64)

SRAM = DesignSpace("sram", (VOLTAGE, *_SMALL), FIXED | {"technology_nm": 32})
"""1,512,000 designs for four networks."""

SRAM_LARGE = DesignSpace(
    "sram_large",
    (VOLTAGE, *_sizes(512, (1, 2, 4, 6, 8, 16, 32), 64, 128, 128)),
    FIXED | {"technology_nm": 32},
)
"""For nine networks: 8 · 6 · 6 · 6 · 7 · 6 · 7 · 8 = 4,064,256 designs."""


def _voltages(lowest: float) -> tuple[float, ...]:
    return Real("voltage_V", lowest, lowest + 0.35, levels=8).values


_NODE = Ordinal("technology_nm", NODES_NM, unit="nm")

SRAM_TECHNOLOGY = DesignSpace(
    "sram_technology",
    (
        _NODE,
        Conditional(
            "voltage_V",
            _NODE,
            {node: _voltages(LOWEST_VOLTAGE_V[node]) for node in NODES_NM},
            unit="V",
        ),
        *_SMALL,
    ),
    FIXED,
)
"""The SRAM space at six technology nodes, each with its own voltages: 9,072,000 designs."""
