"""Names of the criteria over draws of uncertain costs."""

from __future__ import annotations

ROBUST_CRITERIA = ("robust_mean", "robust_quantile", "robust_worst")
"""Criteria over draws of uncertain costs, of `imcmoo robust` only."""


def refuse_robust(name: str) -> None:
    """Refuse a criterion over draws where one of a single cost model is meant.

    Raises:
        ValueError: names the command that has it.
    """
    if name in ROBUST_CRITERIA:
        raise ValueError(
            f"{name} is a criterion over draws of the costs: use imcmoo robust STUDY --criterion "
            f"{name}, or criterion under [uncertainty]"
        )
