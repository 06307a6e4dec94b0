"""Limits of a design as text: how much is used, what is missing, and what lists end at.

The SNR of networks is a limit as well, in decibels; it may rest on operands of other networks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from imcmoo.display.columns import measured
from imcmoo.display.labels import label
from imcmoo.display.units import (
    _bytes,
    plain,
)
from imcmoo.io.units import decibels
from imcmoo.problem.snr_limits import SNR_LIMITS, is_said_by_compute_snr

if TYPE_CHECKING:
    import pandas as pd


def ends_text(ends: pd.DataFrame | None, *, widened: bool = False) -> str:
    """Parameters of a design at ends of their lists that the cost model goes beyond, as text.

    Args:
        ends: table of `Explanation`, if it has one.
        widened: whether they are what widening has left.
    """
    if ends is None or not len(ends):
        return ""
    by_side = [
        (side, [f"{row['parameter']} {plain(row['value'])}" for _, row in rows.iterrows()])
        for side, rows in ends.groupby("side", sort=False)
    ]
    named = "; ".join(f"{', '.join(values)} ({side} listed)" for side, values in by_side)
    tried = "" if widened or ends["beyond"].isna().all() else ", --widen tries them"
    return f"{named}: longer lists may hold a better chip{tried}"


def used(limit: str, share: float, excess: float) -> str:
    """Text of the used share of a limit; if unknown, whether the limit is met."""
    if np.isnan(share):
        return "enough" if excess <= 0 else "unknown"
    if limit in IN_DECIBELS and share > 0:
        return f"{decibels(1 / share)} to spare" if share <= 1 else f"{decibels(share)} short"
    return f"{100 * share:.4g} %"


def margin(limit: str, share: float, excess: float) -> str:
    """Text of the unused share of a limit."""
    if limit in IN_DECIBELS or not share <= 1:
        return used(limit, share, excess)
    return f"{100 * (1 - share):.3g} % to spare"


IN_DECIBELS = tuple(SNR_LIMITS)
"""Limits whose shares are of noise power."""


GENERIC = "generic operands"


SNR = "snr"
"""Name of compute SNR among the quantities of networks."""


def generic_note(networks: Iterable[str]) -> str:
    """Note on the SNR of networks without their own operand statistics; empty for no network."""
    names = ", ".join(map(label, networks))
    text = f"{GENERIC}: the SNR of {names} rests on operand histograms of other networks"
    return text if names else ""


def limited_network(limit: str, network: str, generic: Collection[str]) -> str:
    """Network of a limit, with a note if its SNR is generic."""
    marked = limit in IN_DECIBELS and network in generic
    return f"{label(network)}, {GENERIC}" if marked else label(network)


CIRCUIT_LIMITS = {
    **SNR_LIMITS,
    "levels": "conductance margin",
    "wires": "IR drop",
    "sampling": "sampling noise",
    "accuracy": "accuracy",
}
"""Names of limits that are no amounts."""


FROM_BELOW = ("levels", "accuracy")


NOT_EVALUATED = {"evaluation": "cannot be evaluated"}


BEYOND = 10_000
"""Factor over a limit above which a network counts as not running at all."""


def limit_name(limit: str) -> str:
    """Name of a limit; limits of a study keep their key."""
    return CIRCUIT_LIMITS.get(limit) or (
        limit if limit.startswith(("max_", "min_")) else label(limit)
    )


def violation(limit: str, missing: float, excess: float = np.nan) -> str:
    """Text of a violated limit.

    Args:
        limit: name of the limit.
        missing: missing amount of a resource; NaN for other limits.
        excess: excess as a share; NaN if unknown.
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
    if limit == "sampling":
        return f"sampling alone is {np.sqrt(1 + excess):.3g} times adc_noise"
    # Shares of a limit have no unit.
    if np.isnan(missing) or np.isclose(missing, excess):
        share = excess / (1 + excess) if limit in FROM_BELOW else excess
        if share >= BEYOND:
            return f"{name} more than {BEYOND:,} times the limit"
        return f"{name} {100 * share:.3g} % {side} the limit"
    if limit.endswith("_bits"):
        return f"needs {_bytes(missing)} more {label(limit.removesuffix('_bits'))}"
    amount = f"{missing / 1e6:.3g} M" if missing >= 1e6 else f"{missing:.0f}"
    return f"needs {amount} more {name}"


def violations(limits: pd.DataFrame) -> str:
    """Text of violated limits; rows have `limit`, `network`, `missing` and `excess`."""
    rows = said_once(limits[limits["excess"].fillna(0) > 0])
    return ", ".join(
        violation(str(row["limit"]), row["missing"], row["excess"]) for _, row in rows.iterrows()
    )


def said_once(limits: pd.DataFrame) -> pd.DataFrame:
    """Rows of limits without those of ADC SQNR that a row of compute SNR says, see
    `is_said_by_compute_snr`."""
    shares = {
        network: dict(zip(rows["limit"], 1 + rows["excess"], strict=True))
        for network, rows in limits.groupby("network")
    }
    said = [
        is_said_by_compute_snr(limit, shares[network])
        for limit, network in zip(limits["limit"], limits["network"], strict=True)
    ]
    return limits[~np.array(said, dtype=bool)]


def missing_resources(row: pd.Series[Any], workload: str, workloads: Sequence[str]) -> str:
    """Text of what a network lacks on a chip, by columns `missing_<resource>_<network>`.

    If nothing is missing, it breaks a limit of the study.
    """
    columns = [str(c) for c in row.index if str(c).startswith("missing_")]
    at = workloads.index(workload)
    missing = {
        resource.name.removeprefix("missing_"): row[resource.columns[at]]
        for resource in measured(columns, workloads)
    }
    texts = [violation(name, amount) for name, amount in missing.items() if amount > 0]
    return ", ".join(texts) or "beyond its limits"
