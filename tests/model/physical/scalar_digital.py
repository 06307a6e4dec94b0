"""A digital macro once more, number by number: an oracle for adder trees, prices and activity.

Written from the specification of the device, not from the arrays.
"""

from __future__ import annotations

from math import ceil, log2
from typing import Any

ADDER_C, ADDER_A, FLOP_C, FLOP_A, XOR_C, XOR_A = 6.0, 7.8, 3.0, 6.0, 1.5, 2.4  # in NAND2
TO_SUM, TO_CARRY, CARRY, RANK, XOR_S = 4.8, 4.4, 2.0, 2.0, 2.4


def macro(
    design: dict[str, Any], kappa: float, assumptions: Any, *, w: int = 8, x: int = 8
) -> dict[str, float]:
    """Prices in J, cycle in s and areas in m² of one digital macro.

    Args:
        design: its columns.
        kappa: delay of logic over that at the nominal supply.
        assumptions: the numbers with a band.
        w, x: bits of weights and inputs of the widest network.
    """
    a = {
        name: getattr(assumptions, name).value
        for name in (
            *("gate_F", "gate_m2", "gate_s", "line_F", "logic_overhead", "tree_wires"),
            "dimc_clock_Hz",
            "tree_activity",
        )
    }
    rows, cols, fan_in = design["rows"], design["cols"], design["active_rows"]
    b, stages, per_tree = (
        design[name] for name in ("input_slice_bits", "tree_stages", "columns_per_adc")
    )
    s = design["technology_nm"] / 28
    v2 = design["voltage_V"] ** 2 * a["logic_overhead"]
    gate, line = v2 * a["gate_F"] * s, v2 * a["line_F"] * s
    depth, sets = ceil(log2(fan_in)), rows / fan_in * per_tree
    adders = fan_in * (w + 1) - (w + depth + 1)
    place = (w + depth) * (b - 1) + b * (log2(b) - 0.5) if b > 1 else 0.0
    total = x + w + ceil(log2(rows))
    adds = total if b < x or rows > fan_in else 0
    flops = total
    for j in range(1, stages):
        level = round(j * depth / stages)
        flops += ceil(fan_in / 2**level) * (w + level) * b
    path = 1 + (depth - 1) * TO_SUM + TO_CARRY + CARRY * (w + depth - 2) + XOR_S
    if b > 1:
        path += (log2(b) - 1) * TO_SUM + TO_CARRY + CARRY * (b - 1)
    if adds:
        path += TO_CARRY + CARRY * (total - (w + depth + (b if b > 1 else 0)) - 1)
    delay = a["gate_s"] * s * kappa * (path / stages + (RANK if stages > 1 else 0))
    once_C = (place + adds) * ADDER_C + (w + depth) * XOR_C + flops * FLOP_C
    once_A = (b * adders + place + adds) * ADDER_A + (w + depth) * XOR_A + flops * FLOP_A
    reading = cols / 2 * (1 + sets) * line * b / x if sets > 1 else 0.0
    nand2_m2 = a["gate_m2"] * s**2
    return {
        "path": path,
        "low_J": line,
        "span_J": gate * 0.5,
        "tree_J": gate
        * (1 + a["tree_wires"])
        * a["tree_activity"]
        * (ADDER_C * adders / (fan_in * w)),
        "convert_J": gate * once_C / w,
        "row_J": gate * FLOP_C * b * per_tree + reading,
        "cycle_s": max(delay, max(1.0, kappa) / 1e9, kappa * s / a["dimc_clock_Hz"]),
        "column_m2": nand2_m2 * (b * fan_in + once_A / w),
        "registers_m2": nand2_m2 * FLOP_A * b * fan_in,
    }


def tree_factor(alpha: float, depth: int, w: int = 8) -> float:
    """Energy of adders per changed product, over that where half of the products change."""

    def moved(share: float) -> float:
        return sum((w + k) * (1 - (1 - share) ** (2**k)) / 2**k for k in range(1, depth + 1))

    if alpha == 0:
        return sum(w + k for k in range(1, depth + 1)) / (2 * moved(0.5))
    return moved(alpha) / moved(0.5) / (2 * alpha)


def line_changes(joint: Any, bits: int, b: int, *, signed: bool) -> float:
    """Mean changes of b input lines per input, from P(bits k and l), the highest bit first."""

    def one(k: int) -> float:
        if k >= bits:
            return one(bits - 1) if signed else 0.0
        p = float(joint[bits - 1 - k][bits - 1 - k])
        return 1 - p if signed and k == bits - 1 else p

    def both(k: int, m: int) -> float:
        if not signed and max(k, m) >= bits:
            return 0.0
        k, m = min(k, bits - 1), min(m, bits - 1)
        if k == m:
            return one(k)
        p = float(joint[bits - 1 - k][bits - 1 - m])
        return one(min(k, m)) - p if signed and max(k, m) == bits - 1 else p

    slices, changes = ceil(bits / b), 0.0
    for k in range(b):
        for j in range(1, slices):
            now, before = k + j * b, k + (j - 1) * b
            changes += one(now) + one(before) - 2 * both(now, before)
        first, last = one(k), one(k + (slices - 1) * b)
        changes += first * (1 - last) + last * (1 - first)
    return changes


def ones(joint: Any, bits: int) -> float:
    """Mean ones of a weight in two's complement, of codes with an offset."""
    shares = [float(joint[k][k]) for k in range(bits)]
    return 1 - shares[0] + sum(shares[1:])
