"""Energy per action and area of components, tabulated over the designs of a space.

An action's energy is a sum of terms, each a price that depends on the chip times a factor that
depends on the operands: 1, the mean input a, the mean cell value c, or their product. Kept apart
this way, counts and operand means can be summed over layers before any price is known.

Source: docs/model.md, sections 7 and 9.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imcmoo.arrays import Floats
from imcmoo.hardware.component_table import ComponentTable
from imcmoo.hardware.devices import ReferenceDevice
from imcmoo.hardware.lookup import MissingRow
from imcmoo.hardware.request import Request
from imcmoo.model.reference.counts import GLB_WORD_BITS, LINK_BITS
from imcmoo.space.design_space import DesignSpace, Levels
from imcmoo.space.parameters import Conditional

Values = Mapping[str, NDArray[Any]]

INPUT_PULSES = 255
"""Most pulses an 8-bit temporal input has."""

PRICE_DIGITS = 6
"""Digits the reference keeps of an energy per action and of a component's area."""

FACTORS = ("1", "a", "c", "ac")
"""Operand factors of a term: none, mean input, mean cell value, both."""


def round_digits(values: Floats, digits: int) -> Floats:
    """Values rounded to significant digits.

    Goes through decimal text on purpose: many component prices are exact ties, which arithmetic on
    scaled floats breaks the other way.

    Args:
        values: any shape.
        digits: significant digits kept, at least 1.

    Source: docs/model.md, section 8.
    """
    distinct, where = np.unique(values, return_inverse=True)
    text = [f"{v:.{digits - 1}e}" for v in distinct.tolist()]
    return np.array(text, dtype=np.float64)[where].reshape(values.shape)


@dataclass(frozen=True)
class Term:
    """One part of the energy of a component: count · operand factor · price."""

    component: str
    action: str
    factor: str
    price: str


def _linear(component: str, action: str) -> tuple[Term, Term]:
    """A price that grows linearly with the mean cell value."""
    name = f"{component}.{action}"
    return (
        Term(component, name, "1", f"{name}.low"),
        Term(component, name, "c", f"{name}.rise"),
    )


def _flat(component: str, *actions: str) -> tuple[Term, ...]:
    """Prices that no operand changes."""
    return tuple(Term(component, f"{component}.{a}", "1", f"{component}.{a}") for a in actions)


def _leak(component: str, kind: str) -> Term:
    return Term(component, f"{kind}.leak", "1", f"{component}.leak")


TERMS: tuple[Term, ...] = (
    Term("cim_unit", "cim_unit.read", "a", "cim_unit.read.low"),
    Term("cim_unit", "cim_unit.read", "ac", "cim_unit.read.rise"),
    *_linear("cim_unit", "write"),
    _leak("cim_unit", "cells"),
    *_linear("row_drivers", "read"),
    Term("row_drivers", "row_drivers.read", "a", "row_drivers.pulse.low"),
    Term("row_drivers", "row_drivers.read", "ac", "row_drivers.pulse.rise"),
    _leak("row_drivers", "drivers"),
    *_linear("weight_drivers", "read"),
    _leak("weight_drivers", "drivers"),
    *_linear("adc", "read"),
    _leak("adc", "drivers"),
    _leak("column_drivers", "drivers"),
    *_flat("input_buffer", "read", "write"),
    _leak("input_buffer", "buffers"),
    *_flat("output_buffer", "read", "write"),
    _leak("output_buffer", "buffers"),
    *_flat("router", "read"),
    *_flat("glb", "read", "write"),
    _leak("glb", "glb"),
    *_flat("main_memory", "read"),
)
"""All terms of the energy of a chip; a new component is its terms here and its counts."""


def terms_of(device: ReferenceDevice) -> tuple[Term, ...]:
    """The terms of the energy of a chip with this memory device."""
    return tuple(
        t for t in TERMS if t.component in device.components and t.action not in device.free
    )


def pico(values: Mapping[str, Floats]) -> dict[str, Floats]:
    """In pJ, pW and µm²: the units in which the reference rounds, so all arithmetic follows."""
    return {name: value * 1e12 for name, value in values.items()}


def _line(name: str, low: Floats, high: Floats, scale: float = 1.0) -> dict[str, Floats]:
    return {f"{name}.low": scale * low, f"{name}.rise": scale * (high - low)}


def _crossbar(table: ComponentTable, v: Values) -> dict[str, Floats]:
    device = str(v["device"][0])  # one for all designs, see `Prices`
    got = pico(table.crossbar(device, v["technology_nm"], v["voltage_V"], v["rows"], v["cols"]))
    swing = [got[f"row_read_on_{x}"] - got[f"row_read_off_{x}"] for x in ("low", "high")]
    prices = {
        **_line("cim_unit.read", got["cell_read_low"], got["cell_read_high"], INPUT_PULSES),
        **_line("cim_unit.write", got["cell_write_low"], got["cell_write_high"]),
        **_line("row_drivers.read", got["row_read_off_low"], got["row_read_off_high"]),
        **_line("row_drivers.pulse", swing[0], swing[1], INPUT_PULSES),
        **_line("weight_drivers.read", got["row_write_low"], got["row_write_high"]),
        **_line("adc.read", got["adc_read_low"], got["adc_read_high"]),
    }
    of_table = {
        "cim_unit": "cell",
        "row_drivers": "row",
        "weight_drivers": "row",
        "adc": "adc",
        "column_drivers": "column",
    }
    for component, name in of_table.items():
        prices[f"{component}.leak"] = got[f"{name}_leak"]
        prices[f"{component}.area"] = got[f"{name}_area"]
    return prices


def _buffer(component: str, words: str, table: ComponentTable, v: Values) -> dict[str, Floats]:
    """A CACTI buffer, so many words deep, and its address adders: one per access, two on a chip."""
    node, depth = v["technology_nm"], v[words]
    width = GLB_WORD_BITS if component == "glb" else 8 * v["macros_per_tile"]
    memory = pico(table.look_up("buffer", node_nm=node, width_bits=width, depth_words=depth))
    adder = pico(table.look_up("adder", node_nm=node, bits=np.ceil(np.log2(depth))))
    return {
        f"{component}.read": memory["read"] + adder["energy"],
        f"{component}.write": memory["write"] + adder["energy"],
        f"{component}.leak": memory["leak"] + 2 * adder["leak"],
        f"{component}.area": memory["area"] + 2 * adder["area"],
    }


def _router(table: ComponentTable, v: Values) -> dict[str, Floats]:
    got = pico(table.look_up("router", node_nm=v["technology_nm"]))
    memory = np.full(len(v["technology_nm"]), table.main_memory_J_per_bit * 1e12 * LINK_BITS)
    return {
        "router.read": got["read"],
        "router.area": got["area"],
        "main_memory.read": memory,
        "main_memory.area": np.zeros_like(memory),
    }


Pricing = Callable[[ComponentTable, Values], dict[str, Floats]]

PRICED_BY: dict[tuple[str, ...], Pricing] = {
    ("technology_nm", "voltage_V", "rows", "cols"): _crossbar,
    ("technology_nm", "rows", "macros_per_tile"): partial(_buffer, "input_buffer", "rows"),
    ("technology_nm", "cols", "macros_per_tile"): partial(_buffer, "output_buffer", "cols"),
    ("technology_nm", "glb_depth"): partial(_buffer, "glb", "glb_depth"),
    ("technology_nm",): _router,
}
"""Which parameters decide which prices."""

QUADRATIC_LEAK = ("row_drivers", "weight_drivers", "adc", "column_drivers")
"""Components whose leakage the reference multiplies by the cycle time twice."""


class Prices:
    """Prices of actions and areas of components, tabulated over the subspaces that decide them.

    In pJ, pW and µm², areas rounded as the reference does. Most prices are exact ties when they
    are rounded to six digits, so the one place that rounds them has to see them in the reference's
    units and order of operations.

    Args:
        space: the designs; needs parameters or fixed values of the names in `PRICED_BY`, and one
            device for all.
        table: the component table.

    Raises:
        ValueError: the table lacks a component some design needs, or a parameter that decides
            prices depends on one that does not.
    """

    def __init__(self, space: DesignSpace, table: ComponentTable) -> None:
        self._space = space
        self._grids = [self._grid(names, price, table) for names, price in PRICED_BY.items()]

    def _grid(
        self, names: Sequence[str], price: Pricing, table: ComponentTable
    ) -> tuple[list[str], list[str], Floats]:
        """Parameters that decide, names of the prices, and prices (n_combinations, n_prices)."""
        searched = [n for n in names if n in self._space.names]
        for p in self._space.parameters:
            if p.name in searched and isinstance(p, Conditional) and p.on.name not in searched:
                others = ", ".join(n for n in names if n != p.name)
                raise ValueError(
                    f"space {self._space.name}: {p.name} may depend on {others}, not {p.on.name}"
                )
        values = self._space.decode(self._space.grid(searched))
        try:
            prices = price(table, values)
        except MissingRow as missing:
            node_nm = int(values["technology_nm"][missing.index])
            raise ValueError(f"{missing}; {_remedy(self._space, node_nm, table.path)}") from None
        for name in prices:
            if name.endswith(".area"):
                prices[name] = round_digits(prices[name], PRICE_DIGITS)
        return searched, list(prices), np.stack(list(prices.values()), axis=1)

    def look_up(self, levels: Levels, wanted: Sequence[str]) -> dict[str, Floats]:
        """Prices by name, in pJ, pW or µm², of designs (n, n_parameters), shape (n,) each."""
        prices: dict[str, Floats] = {}
        for parameters, names, grid in self._grids:
            present = [n for n in wanted if n in names]
            if present:
                row = self._space.rank(levels, parameters)
                picked = grid[row[:, None], [names.index(n) for n in present]]
                prices.update(zip(present, picked.T, strict=True))
        return prices

    def deciding(self, wanted: Sequence[str]) -> list[str]:
        """The parameters on which any of some prices depends in this space, and no others."""
        deciding = set()
        for parameters, names, grid in self._grids:
            columns = [names.index(n) for n in wanted if n in names]
            shape = [self._space.shape[self._space.names.index(n)] for n in parameters]
            prices = grid[:, columns].reshape(*shape, len(columns))
            for axis, name in enumerate(parameters):
                if columns and (prices != prices.take([0], axis=axis)).any():
                    deciding.add(name)
        return [name for name in self._space.names if name in deciding]


def _remedy(space: DesignSpace, node_nm: int, path: str | None) -> str:
    """Command that builds the missing components of a node, or why there are none."""
    try:
        return _request(space, node_nm).remedy(path)
    except ValueError as error:
        return f"nor can it be added: {error}"


def _request(space: DesignSpace, node_nm: int) -> Request:
    """All components of the designs at a node."""
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
