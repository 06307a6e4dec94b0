"""Rounding to significant decimal digits, as printing a number and reading it back does."""

from __future__ import annotations

import numpy as np

from imcmoo.model.metrics import Floats


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
