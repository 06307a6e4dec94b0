"""Design spaces: decoding, encoding, ranks, neighbours."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imcmoo.space.design_space import DesignSpace
from imcmoo.space.parameters import Categorical, Integer, Ordinal, Real
from problems.rram import RRAM

MIXED = DesignSpace(
    "mixed",
    (
        Real("voltage_V", 0.5, 0.85, levels=8, unit="V"),
        Integer("bits", 1, 3),
        Ordinal("rows", (32, 64, 128)),
        Categorical("cell", ("rram", "pcm", "feram")),
    ),
    fixed={"node": 32},
)


def test_rram_space_has_the_papers_size():
    assert RRAM.size == 12_096_000


def test_real_grid_has_no_float_noise():
    assert MIXED.parameters[0].values == (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85)


@given(st.lists(st.integers(0, MIXED.size - 1), min_size=1, max_size=20))
def test_rank_encode_and_decode_are_inverse(ranks):
    levels = MIXED.unrank(np.array(ranks))
    assert MIXED.rank(levels).tolist() == ranks
    assert (MIXED.encode(MIXED.decode(levels)) == levels).all()


def test_rank_of_a_subspace_ignores_the_other_parameters():
    levels = MIXED.unrank(np.arange(MIXED.size))
    assert len(np.unique(MIXED.rank(levels, ["bits", "cell"]))) == 9
    assert (MIXED.rank(levels, []) == 0).all()


def test_neighbours_step_once_in_order_and_anywhere_without():
    near = MIXED.neighbours(np.array([0, 1, 2, 1]))
    assert near.tolist() == [
        [1, 1, 2, 1],
        [0, 0, 2, 1],
        [0, 2, 2, 1],
        [0, 1, 1, 1],
        [0, 1, 2, 0],
        [0, 1, 2, 2],
    ]


def test_a_value_outside_is_named_with_what_is_allowed():
    with pytest.raises(ValueError, match=r"rows = 48 is not in the space; allowed: 32, 64, 128"):
        MIXED.parameters[2].encode(np.array([32, 48]))


def test_a_level_outside_names_its_parameter():
    with pytest.raises(ValueError, match=r"rows is outside 0\.\.2"):
        MIXED.decode(np.array([[0, 0, 3, 0]]))


@pytest.mark.parametrize(
    "broken",
    [
        lambda: Ordinal("rows", ()),
        lambda: Ordinal("rows", (32, 32)),
        lambda: DesignSpace("s", (Integer("a", 1, 2), Integer("a", 1, 2))),
    ],
)
def test_meaningless_spaces_are_refused(broken):
    with pytest.raises(ValueError, match=r"value|twice"):
        broken()
