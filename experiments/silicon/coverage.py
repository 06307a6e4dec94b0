"""Which published macros the physical model speaks of, and as what it takes them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments.silicon.macros import NUMBERS
from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.physical.assumptions import Assumptions

NODES_NM = (7.0, 45.0)
"""Range of nodes that is compared."""

FARTHEST = 2.0
"""By which factor an array may be larger or smaller than any in the component table."""

HIGHEST = {"input_bits": 8, "weight_bits": 16, "adc_bits": 16, "n_adc": 1_000_000}
"""Beyond these a value is taken for another quantity than the one its column is for."""

DIGITAL = ("digital", "dimc")
"""What architectures and compute models of digital macros contain."""

NON_VOLATILE = (
    *("envm", "nvm", "rram", "reram", "pcm", "pcram", "mram", "stt-mram", "sot-mram"),
    *("fefet", "feram", "flash", "eflash"),
)
"""Architectures that hold weights in non-volatile cells."""

DIGITAL_CELLS = ("digital", "+d")
"""What the cells of digital macros are called, or end in."""


@dataclass(frozen=True)
class Macro:
    """A macro as the model takes it.

    Args:
        device: "sram" or "rram".
        published_nm: node of the macro itself.
        node_nm: the nearest tabulated node.
        voltage_V: the nearest tabulated supply.
        array_rows: rows of the nearest tabulated array, along which products are summed.
        array_cols: its columns.
        rows, cols: of the macro itself.
        input_bits, weight_bits: of one conversion, perhaps broken (1.5: three values).
        adc_bits: of a converter, whole.
        dot_product_length: products summed in one conversion.
        n_adc: converters that work at once.
    """

    device: str
    published_nm: float
    node_nm: int
    voltage_V: float
    array_rows: int
    array_cols: int
    rows: float
    cols: float
    input_bits: float
    weight_bits: float
    adc_bits: int
    dot_product_length: float
    n_adc: float


@dataclass(frozen=True)
class Verdict:
    """Whether a row is covered.

    Args:
        macro: what it is taken as; None where it is left out.
        reason: why it is left out, or what stands in for what the table lacks (may be empty).
    """

    macro: Macro | None
    reason: str


class _LeftOutError(Exception):
    """A row cannot be evaluated; the message is the reason."""


def judge(row: Mapping[str, str], table: PhysicalTable, given: Assumptions) -> Verdict:
    """Decide about one row.

    Args:
        row: cells by column, as text; columns that are absent count as empty.
        table: tells what is tabulated.
        given: its nominal supply stands in for one that is not published.
    """
    said: list[str] = []
    try:
        return Verdict(_macro(row, table, given, said), "; ".join(said))
    except _LeftOutError as left_out:
        return Verdict(None, str(left_out))


def _macro(
    row: Mapping[str, str], table: PhysicalTable, given: Assumptions, said: list[str]
) -> Macro:
    device = _device(row, said)
    own, node = _node(row, table, device, said)
    values = {name: _number(row, name) for name in NUMBERS}
    absent = [name for name, value in values.items() if value is None]
    if absent:
        raise _LeftOutError(f"not published: {', '.join(absent)}")
    known = {name: value for name, value in values.items() if value is not None}
    _check(known)
    if known["dot_product_length"] > known["rows"]:
        _turn(known, said)
    bits = {name: _whole(name, known[name], said) for name in ("adc_bits", "weight_bits")}
    if math.ceil(known["input_bits"]) > given.highest_level_bits.value:
        said.append(f"DAC area of {given.highest_level_bits.value:g} bits")
    return Macro(
        device=device,
        published_nm=own,
        node_nm=node,
        voltage_V=_supply(row, table, device, node, given, said),
        array_rows=_size("rows", known["rows"], table, device, said),
        array_cols=_size("cols", known["cols"], table, device, said),
        **{**known, "adc_bits": bits["adc_bits"]},  # type: ignore[arg-type]
    )


def _text(row: Mapping[str, str], name: str) -> str:
    return row.get(name, "").strip()


def _device(row: Mapping[str, str], said: list[str]) -> str:
    """Memory device of an analog macro."""
    kind, cell = _text(row, "architecture").lower(), _text(row, "cell").lower()
    compute = _text(row, "compute_model").lower()
    if any(word in text for word in DIGITAL for text in (kind, compute)):
        raise _LeftOutError("digital")
    if cell.endswith(DIGITAL_CELLS):
        raise _LeftOutError("digital (its cell computes)")
    if kind == "sram":
        return "sram"
    named = _text(row, "architecture")
    if kind in NON_VOLATILE:
        if not any(word in text for word in ("rram", "reram") for text in (kind, cell)):
            said.append(f"cell {_text(row, 'cell')[:40] or named} as RRAM")
        return "rram"
    raise _LeftOutError(
        f"architecture {named[:40]!r} is neither SRAM nor non-volatile"
        if named
        else "no architecture given"
    )


def _number(row: Mapping[str, str], name: str) -> float | None:
    """A positive number, None where the cell is empty."""
    text = _text(row, name)
    if text.lower() in ("", "nan", "na", "n/a", "-"):
        return None
    try:
        value = float(text)
    except ValueError:
        raise _LeftOutError(f"{name} {text[:40]!r} is not a number") from None
    if not (math.isfinite(value) and value > 0):
        raise _LeftOutError(f"{name} {text[:40]} is not a positive number")
    return value


def _node(
    row: Mapping[str, str], table: PhysicalTable, device: str, said: list[str]
) -> tuple[float, int]:
    """The macro's own node and the nearest tabulated one."""
    node = _number(row, "technology_nm")
    if node is None:
        raise _LeftOutError("not published: technology_nm")
    low, high = NODES_NM
    if not low <= node <= high:
        raise _LeftOutError(f"{node:g} nm is outside {low:g} to {high:g} nm")
    nearest = int(_nearest(node, table.sizes(device, "node_nm")))
    if nearest != node:
        said.append(f"{node:g} nm as {nearest} nm")
    return node, nearest


def _check(known: Mapping[str, float]) -> None:
    """Refuse values that cannot be what their columns say."""
    for name, value in known.items():
        if value < 1:
            raise _LeftOutError(f"{name} {value:g} is below 1")
        if value > HIGHEST.get(name, math.inf):
            raise _LeftOutError(f"{name} {value:g} is above {HIGHEST[name]:,}")


def _turn(known: dict[str, float], said: list[str]) -> None:
    """Let products be summed along the columns, where rows are too few."""
    length = known["dot_product_length"]
    if length > known["cols"]:
        raise _LeftOutError(
            f"dot product of {length:g} is longer than the array's rows and columns: how many "
            "arrays take part is not published"
        )
    known["rows"], known["cols"] = known["cols"], known["rows"]
    said.append(f"summed along the {known['rows']:g} columns")


def _whole(name: str, value: float, said: list[str]) -> int:
    whole = math.ceil(value)
    if whole != value:
        said.append(f"{name} {value:g} as {whole}")
    return whole


def supplies_V(table: PhysicalTable, device: str, node_nm: int) -> NDArray[np.float64]:
    """The supplies a device is tabulated at, ascending."""
    rows = table.tables[device]
    found: NDArray[np.float64] = np.unique(
        rows.column("voltage_V")[rows.column("node_nm") == node_nm]
    )
    return found / 1000


def _supply(
    row: Mapping[str, str],
    table: PhysicalTable,
    device: str,
    node: int,
    given: Assumptions,
    said: list[str],
) -> float:
    """The nearest tabulated supply, at most half a step away."""
    volt = _number(row, "voltage_V")
    if volt is None:
        volt = given.nominal_V.value
        said.append(f"supply not published: {volt:g} V")
    here = supplies_V(table, device, node)
    nearest = float(here[np.argmin(np.abs(here - volt))])
    if abs(nearest - volt) > np.diff(here).min() / 2 + 1e-9:
        raise _LeftOutError(
            f"{volt:g} V is outside the {here[0]:g} to {here[-1]:g} V tabulated at {node} nm"
        )
    if abs(nearest - volt) > 1e-9:
        said.append(f"{volt:g} V as {nearest:g} V")
    return nearest


def _size(name: str, value: float, table: PhysicalTable, device: str, said: list[str]) -> int:
    """The nearest tabulated number of rows or columns."""
    nearest = int(_nearest(value, table.sizes(device, name)))
    if not 1 / FARTHEST <= value / nearest <= FARTHEST:
        raise _LeftOutError(
            f"{value:g} {name} are more than {FARTHEST:g} times off the {nearest} tabulated"
        )
    if nearest != value:
        said.append(f"time of {nearest} {name}")
    return nearest


def _nearest(value: float, tabulated: NDArray[np.int64]) -> np.int64:
    """The tabulated value with the smallest ratio to one."""
    nearest: np.int64 = tabulated[np.argmin(np.abs(np.log(tabulated / value)))]
    return nearest
