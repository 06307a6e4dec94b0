"""Positive scores beyond the range of float64, each in one number that keeps their order.

A product of the EDAPs of 30 networks is about 1e-360: as a float64 it is 0, and all designs tie.
A score from `SMALLEST` to `LARGEST` stands for itself. Beyond, a *coded* number between 0 and
`SMALLEST`, or above `LARGEST`, stands for the score's logarithm. Larger scores have larger numbers,
so sorting, bounds and heaps take coded numbers as they are. Code that divides scores or states them
uses `ratio`, `stated` and `text`.

Source: level-index numbers; C. W. Clenshaw and F. W. J. Olver, Beyond floating point, Journal of
the ACM 31 (1984) 319.
"""

from __future__ import annotations

import decimal
from decimal import Decimal
from typing import Any

import numpy as np

from imcmoo.arrays import Bools, Floats

SMALLEST, LARGEST = 1e-290, 1e290

LOG10 = "log10_"
"""Prefix of the name of a score that is stated as its decimal logarithm."""

AGREEING = 1e-9
"""Difference of logarithms up to which a product lost no digits on the way."""

_LOW, _HIGH = float(np.log(SMALLEST)), float(np.log(LARGEST))
_DIGITS = decimal.Context(prec=40)


def beyond(scores: Floats | float) -> Bools:
    """True where numbers are coded, shape as `scores`."""
    scores = np.asarray(scores)
    return (scores > 0) & ((scores < SMALLEST) | (scores > LARGEST)) & np.isfinite(scores)


def coded(plain: Floats, log: Floats) -> Floats:
    """Scores that are worked out twice: in float64 where that loses nothing, else from logarithms.

    Args:
        plain: as float64 gives them, perhaps 0, infinite or inexact, shape (n,) or (n, W).
        log: their natural logarithms, same shape.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        kept = (plain >= SMALLEST) & (plain <= LARGEST) & (np.abs(np.log(plain) - log) < AGREEING)
    return plain if kept.all() else np.where(kept, plain, from_log(log))


def from_log(log: Floats) -> Floats:
    """Scores of natural logarithms, shape as `log`."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        scores = np.exp(log)
        low, high = log < _LOW, log > _HIGH
        scores = np.where(low, SMALLEST / (1.0 + (_LOW - log)), scores)
        return np.where(high, LARGEST * (1.0 + (log - _HIGH)), scores)


def log_of(scores: Floats) -> Floats:
    """Natural logarithms of scores, shape as `scores`; -inf of 0."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        log = np.log(scores)
        if np.all((scores >= SMALLEST) & (scores <= LARGEST)):
            return log
        low, high = scores < SMALLEST, scores > LARGEST
        log = np.where(low, _LOW - (SMALLEST / scores - 1.0), log)
        return np.where(high, _HIGH + (scores / LARGEST - 1.0), log)


def log10_of(scores: Floats) -> Floats:
    """Decimal logarithms of scores, shape as `scores`."""
    return log_of(scores) / np.log(10.0)


def product(*factors: Floats) -> Floats:
    """Product of positive numbers, from left to right, shape as each."""
    with np.errstate(over="ignore", invalid="ignore"):
        plain = factors[0]
        for factor in factors[1:]:
            plain = plain * factor
        return coded(plain, sum((log_of(f) for f in factors[1:]), log_of(factors[0])))


def ratio(scores: Floats, other: float) -> Floats:
    """Scores over another one, shape as `scores`; infinite beyond the range of float64."""
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        if not (beyond(scores).any() or beyond(other)):
            return np.asarray(scores / other)
        return np.exp(log_of(scores) - log_of(np.asarray(other)))


def stated(name: str, scores: Floats | float) -> tuple[str, Any]:
    """Name and numbers by which files state scores of one criterion: as they are, or all as decimal
    logarithms under another name where some are beyond the range of float64."""
    if not beyond(scores).any():
        return name, scores
    return f"{LOG10}{name}", log10_of(np.asarray(scores))


def text(score: float, form: str = ".6g") -> str:
    """A score for people."""
    return f"10^{log10_of(np.asarray(score)):.6f}" if beyond(score) else format(score, form)


def to_fields(name: str, score: float) -> dict[str, float | str]:
    """A score for JSON, exactly: under its name, or its decimal logarithm as digits."""
    if not beyond(score):
        return {name: score}
    with decimal.localcontext(_DIGITS):
        value, low, high = Decimal(score), Decimal(SMALLEST), Decimal(LARGEST)
        log = low.ln() - (low / value - 1) if value < low else high.ln() + (value / high - 1)
        return {f"{LOG10}{name}": str(log / Decimal(10).ln())}


def from_fields(name: str, fields: Any) -> float:
    """The score that `to_fields` wrote.

    Raises:
        KeyError, TypeError, ValueError: there is none.
    """
    if f"{LOG10}{name}" not in fields:
        return float(fields[name])
    with decimal.localcontext(_DIGITS):
        try:
            log = Decimal(fields[f"{LOG10}{name}"]) * Decimal(10).ln()
        except decimal.InvalidOperation as error:
            raise ValueError(f"{LOG10}{name} is no number") from error
        low, high = Decimal(SMALLEST), Decimal(LARGEST)
        if log < low.ln():
            return float(low / (1 + (low.ln() - log)))
        if log > high.ln():
            return float(high * (1 + (log - high.ln())))
        return float(log.exp())
