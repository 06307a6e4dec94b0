"""The shortlist keeps every design that can still be the best."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from imcmoo.exact.pareto_filter import RIVALS, nondominated_within_group

SHAPES = st.tuples(st.integers(1, 3), st.integers(1, RIVALS + 4), st.integers(1, 3))
FEW_VALUES = st.sampled_from([1.0, 2.0, 3.0, np.inf])
"""Few, so that points tie, repeat and dominate each other."""


@given(arrays.arrays(float, SHAPES, elements=FEW_VALUES))
def test_only_designs_that_one_of_their_body_dominates_are_dropped(F):
    for body, kept in zip(F, nondominated_within_group(F), strict=True):
        feasible = np.isfinite(body).all(axis=1)
        assert not kept[~feasible].any()
        assert kept.any() == feasible.any()
        for point in body[feasible & ~kept]:
            rivals = body[feasible]
            assert ((rivals <= point).all(axis=1) & (rivals < point).any(axis=1)).any()
