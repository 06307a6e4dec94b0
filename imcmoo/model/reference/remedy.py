"""Advice where the component table lacks a value of a space."""

from __future__ import annotations

from imcmoo.hardware.request import Request
from imcmoo.space.design_space import DesignSpace

NEW_TABLE = "components.npz"
"""Name of the table to make where a study has none of its own."""


def remedy(space: DesignSpace, node_nm: int, path: str | None) -> str:
    """Command that adds the components of all designs at a node, or why there is none.

    Args:
        space: the designs.
        node_nm: where some are lacking. Other nodes with the same voltages are added with it.
        path: of the component table; None for the shipped one.

    Returns:
        The command that adds them, as a part of a sentence.
    """
    try:
        command = _request(space, node_nm).command(path or NEW_TABLE)
    except ValueError as error:
        return f"nor can it be added: {error}"
    named = "" if path else f'; then say components = "{NEW_TABLE}" in the study'
    return f"to add it: {command}{named}"


def _request(space: DesignSpace, node_nm: int) -> Request:
    """All components of the designs at a node.

    Raises:
        ValueError: the libraries have no such component.
    """
    volts = _volts_of_nodes(space)
    millivolts = sorted({round(volt * 1000) for volt in volts[node_nm]})
    if any(abs(volt * 1000 - round(volt * 1000)) > 1e-6 for volt in volts[node_nm]):
        raise ValueError("voltages are whole millivolts")
    return Request(
        str(space.values_of("device")[0]),
        tuple(node for node, voltages in volts.items() if voltages == volts[node_nm]),
        rows=_values(space, "rows"),
        cols=_values(space, "cols"),
        millivolts=tuple(millivolts),
        macros=_values(space, "macros_per_tile"),
        glb_depths=_values(space, "glb_depth"),
    )


def _volts_of_nodes(space: DesignSpace) -> dict[int, set[float]]:
    """Supply voltages by node: in some spaces they depend on it."""
    names = [name for name in space.names if name in ("technology_nm", "voltage_V")]
    values = space.decode(space.grid(names))
    volts: dict[int, set[float]] = {}
    for node, volt in zip(
        values["technology_nm"].tolist(), values["voltage_V"].tolist(), strict=True
    ):
        volts.setdefault(int(node), set()).add(volt)
    return volts


def _values(space: DesignSpace, name: str) -> tuple[int, ...]:
    return tuple(sorted(int(value) for value in space.values_of(name)))
