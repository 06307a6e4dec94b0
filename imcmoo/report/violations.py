"""Violated limits as text: which limit, and by how much."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from imcmoo.report.labels import label

IN_DECIBELS = ("snr", "compute_snr")
"""Limits whose shares are of noise power."""

CIRCUIT_LIMITS = {
    "snr": "SQNR",
    "compute_snr": "compute SNR",
    "levels": "conductance margin",
    "wires": "IR drop",
    "accuracy": "accuracy",
}
"""Limits that are no amounts, and their names."""

FROM_BELOW = ("levels", "accuracy")

NOT_EVALUATED = {"evaluation": "cannot be evaluated"}

BEYOND = 10_000
"""Times a limit from where the factor tells nothing: a network that does not run at all."""

BYTES = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))
BITS_PER_BYTE = 8


def limit_name(limit: str) -> str:
    """The name of a limit; those of a study are called as there, unit and all."""
    return CIRCUIT_LIMITS.get(limit) or (
        limit if limit.startswith(("max_", "min_")) else label(limit)
    )


def violation(limit: str, missing: float, excess: float = np.nan) -> str:
    """Text of a violated limit.

    Args:
        limit: its name.
        missing: amount of a resource, in its own unit; NaN for other limits.
        excess: as a share of what there is; NaN if unknown.
    """
    name = limit_name(limit)
    below = limit.startswith("min_") or limit in (*IN_DECIBELS, *FROM_BELOW)
    side = "below" if below else "above"
    if limit in NOT_EVALUATED:
        return NOT_EVALUATED[limit]
    if limit in CIRCUIT_LIMITS and np.isnan(excess):
        return f"{name} {side} the limit"
    if limit in IN_DECIBELS:
        return f"{name} {decibels(1 + excess)} {side} the limit"
    if limit == "accuracy":
        return f"{name} {excess:.3g} {side} the limit"
    # What counts in shares of a limit has no other unit.
    if np.isnan(missing) or np.isclose(missing, excess):
        share = excess / (1 + excess) if limit in FROM_BELOW else excess
        if share >= BEYOND:
            return f"{name} more than {BEYOND:,} times the limit"
        return f"{name} {100 * share:.3g} % {side} the limit"
    if limit.endswith("_bits"):
        return f"needs {_bytes(missing)} more {label(limit.removesuffix('_bits'))}"
    return f"needs {short(missing)} more {name}"


def violations(limits: pd.DataFrame) -> str:
    """Text of all violated limits.

    Args:
        limits: rows `limit`, `missing` and `excess`, as of an explanation.
    """
    rows = limits[limits["excess"].fillna(0) > 0]
    return ", ".join(
        violation(str(row["limit"]), row["missing"], row["excess"]) for _, row in rows.iterrows()
    )


def missing_resources(row: pd.Series[Any], workload: str) -> str:
    """Text of what keeps a network from running on a chip, by its columns
    `missing_<resource>_<network>`; without one above 0 the network breaks a limit of the study."""
    missing = {
        str(c).removeprefix("missing_").removesuffix(f"_{workload}"): v
        for c, v in row.items()
        if str(c).startswith("missing_") and str(c).endswith(f"_{workload}") and v > 0
    }
    return ", ".join(violation(n, v) for n, v in missing.items()) or "beyond its limits"


def short(number: float) -> str:
    """A whole number in few digits."""
    return f"{number / 1e6:.3g} M" if number >= 1e6 else f"{number:.0f}"


def decibels(ratio: float) -> str:
    """A ratio of powers."""
    return f"{10 * np.log10(ratio):.3g} dB"


def _bytes(bits: float) -> str:
    number = bits / BITS_PER_BYTE
    for size, unit in BYTES:
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return f"{number:.3g} B"
