"""Cache and DRAM of generation in plain integers and floats, an oracle for the physical model.

Layers are dictionaries with the columns of a table. Precisions of operands are 8 bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Row = dict[str, Any]
BITS = 8


def cache(rows: Sequence[Row], kv_bits: int) -> tuple[int, int, int]:
    """Bits of the cache read, appended and reserved by one inference."""
    read = new = room = 0
    for r in rows:
        if r["cache"]:
            keys = r["cache"] == "keys"
            word, seen = (r["C"], r["M"]) if keys else (r["M"], r["C"])
            word *= r["G"] * kv_bits
            read += (seen - r["appended"]) * word
            new += r["appended"] * word
            room += r["reserved"] * word
    return read, new, room


def held(r: Row) -> tuple[int, int]:
    """Bits that the global buffer holds while a layer runs, and its outputs among them; scores
    need no room."""
    vectors = BITS * r["P"] * r["N"] * r["G"]
    outputs = vectors * r["M"] * (r["cache"] != "keys")
    return vectors * r["C"] * (r["cache"] != "values") + outputs, outputs


def share(groups: Sequence[Sequence[Sequence[Row]]], glb_bits: float, kv_bits: int) -> Any:
    """Share of all caches that the buffer keeps, and their size; the tables of a group have one
    cache."""
    room = sum(max(cache(t, kv_bits)[2] for t in tables) for tables in groups)
    most = max(held(r)[0] for tables in groups for t in tables if cache(t, kv_bits)[2] for r in t)
    return (min(1.0, max(0, glb_bits - most) / room), room) if room else (1.0, 0)


def dram(
    rows: Sequence[Row], glb_bits: float, kept: float, *, kv_bits: int = 8, streamed: bool = True
) -> tuple[float, float, float, float]:
    """Bits of one inference through DRAM: weights, cache, own input and output, and outputs that do
    not fit, there and back."""
    read, new, _ = cache(rows, kv_bits)
    weights = sum(r["C"] * r["M"] * r["G"] for r in rows if not r["dynamic"]) * BITS * streamed
    first, last = rows[0], rows[-1]
    io = BITS * (first["C"] * first["P"] * first["N"] + last["M"] * last["P"] * last["N"])
    spill = sum(2 * min(out, max(0, all_ - glb_bits)) for all_, out in map(held, rows))
    return weights, (1 - kept) * (read + new), io, spill
