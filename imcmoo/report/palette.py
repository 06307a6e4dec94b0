"""Colours and hatches of figures and pages, without the libraries that draw."""

from __future__ import annotations

HIGHLIGHT = "#D55E00"
"""Colour of the selected design only (vermillion)."""

HATCHES = ("", "////", "....", "xxxx", "\\\\\\\\")
"""Hatches of adjacent areas, for figures without colour."""

COLOURS = (
    "#0173b2", "#de8f05", "#029e73", "#cc78bc", "#ca9161", "#fbafe4", "#949494", "#ece133",
    "#56b4e9",
)  # fmt: skip
"""Colour-blind-safe palette of seaborn, without `HIGHLIGHT`."""

_FURTHER = ("#4b4e6d", "#8c6d1f", "#c2e699", "#7fcdbb", "#6a51a3", "#006d5b", "#d0d0d0", "#b15928")
"""Colours of components beyond `COLOURS`."""

_COMPONENTS = (
    ("cells", "cim_unit"),
    ("adc", "adder_trees"),
    ("glb",),
    ("dram", "main_memory"),
    ("shift_add",),
    ("buffers", "input_buffer"),
    ("drivers", "row_drivers"),
    ("routers", "router"),
    ("links",),
    ("dac", "column_drivers", "input_registers"),
    ("writes", "weight_drivers"),
    ("output_buffer",),
    ("digital",),
    ("interface",),
    ("switch",),
    ("leakage",),
    ("top",),
)
"""Components of all models; those in a row have the same colour in every figure."""


def component_style(component: str) -> tuple[str, str]:
    """Colour and hatch of a component; grey if unknown."""
    for at, names in enumerate(_COMPONENTS):
        if component in names:
            return (*COLOURS, *_FURTHER)[at], HATCHES[at // len(COLOURS)]
    return "#bbbbbb", HATCHES[2]
