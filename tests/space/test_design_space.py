"""Design spaces: decoding, encoding, ranks, neighbours."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imcmoo.space.design_space import DesignSpace
from imcmoo.space.parameters import Categorical, Conditional, Integer, Ordinal, Real
from problems import SPACES
from problems.rram import RRAM
from problems.sram import SRAM, SRAM_TECHNOLOGY

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


VAST = [
    DesignSpace(f"{k}^{n}", tuple(Integer(f"p{i}", 1, k) for i in range(n)))
    for k, n in ((256, 8), (300, 9))
]
"""Spaces of 2**64 designs, just more than an unsigned integer counts, and of many more."""


@pytest.mark.parametrize("space", VAST, ids=lambda s: s.name)
def test_a_space_of_more_designs_than_an_integer_counts(space):
    n, k = len(space.shape), space.shape[0]
    assert space.size == k**n
    levels = np.concatenate([np.zeros((1, n), np.int64), np.full((1, n), k - 1)])
    ends = space.rank(levels)
    assert ends.tolist() == [0, k**n - 1]
    np.testing.assert_array_equal(space.unrank(ends), levels)


@pytest.mark.parametrize("space", VAST, ids=lambda s: s.name)
@given(data=st.data())
def test_ranks_of_a_vast_space_are_exact(space, data):
    ranks = data.draw(st.lists(st.integers(0, space.size - 1), min_size=1, max_size=5))
    levels = space.unrank(np.array(ranks, dtype=object))
    space.validate(levels)
    assert levels.dtype == np.int64
    assert space.rank(levels).tolist() == ranks
    k = space.shape[0]
    expected = [sum(int(x) * k**i for i, x in enumerate(row[::-1])) for row in levels]
    assert expected == ranks


def test_a_subspace_of_a_vast_space_is_ranked_by_integers():
    (space, _) = VAST
    levels = space.random(50, np.random.default_rng(0))
    names = space.names[2:5]
    ranks = space.rank(levels, names)
    assert ranks.dtype == np.int64
    assert space.size_of(names) == 256**3
    np.testing.assert_array_equal(space.unrank(ranks, names)[:, 2:5], levels[:, 2:5])
    assert (space.unrank(ranks, names)[:, [0, 1, 5, 6, 7]] == 0).all()


def conditional(rows):
    on = Ordinal("node_nm", (22, 32))
    return Conditional("voltage_V", on, dict(zip(on.values, rows, strict=True)), unit="V")


def test_conditional_parameters_of_different_values_are_unequal():
    one = conditional([(0.6, 0.7), (0.7, 0.8)])
    other = conditional([(0.6, 0.7), (0.7, 0.9)])
    assert one == conditional([(0.6, 0.7), (0.7, 0.8)])
    assert one != other
    spaces = {DesignSpace("s", (p.on, p)) for p in (one, other, one)}
    assert len(spaces) == 2


def test_the_values_of_a_conditional_parameter():
    one = conditional([(0.6, 0.7), (0.7, 0.8)])
    assert one.values_by == {22: (0.6, 0.7), 32: (0.7, 0.8)}
    assert DesignSpace("s", (one.on, one)).values_of("voltage_V") == (0.6, 0.7, 0.8)


@pytest.mark.parametrize("space", [*SPACES.values(), SRAM], ids=lambda s: s.name)
def test_a_fixed_parameter_leaves_the_designs_that_have_its_value(space):
    levels = space.random(3000, np.random.default_rng(0))
    for parameter in space.parameters:
        if isinstance(parameter, Conditional):
            continue
        level = len(parameter) // 2
        at = space.names.index(parameter.name)
        own = levels[levels[:, at] == level]
        assert len(own)
        fixed = space.fix(parameter.name, parameter.values[level])
        assert fixed.size * len(parameter) == space.size
        expected = space.decode(own)
        again = fixed.decode(fixed.encode({n: expected[n] for n in fixed.names}))
        assert {*again} == {*expected}
        for name, values in expected.items():
            np.testing.assert_array_equal(again[name], values)


def test_a_fixed_parameter_decides_what_depends_on_it():
    fixed = SRAM_TECHNOLOGY.fix("technology_nm", 45)
    assert fixed.values_of("voltage_V")[0] == 0.75
    assert fixed.values_of("technology_nm") == (45,)
    # Then nothing depends on anything, and the next can be fixed.
    assert fixed.fix("voltage_V", 0.8).fixed["voltage_V"] == 0.8


def test_fixing_one_parameter_after_another_leaves_one_design():
    space = MIXED
    for name, value in (("bits", 2), ("cell", "pcm"), ("voltage_V", 0.1 * 7), ("rows", 32)):
        space = space.fix(name, value)
    assert space.size == 1
    assert space.fixed == {"node": 32, "bits": 2, "cell": "pcm", "voltage_V": 0.7, "rows": 32}


@pytest.mark.parametrize(
    ("space", "name", "value", "message"),
    [
        (MIXED, "cols", 8, "space mixed has no cols; it has voltage_V, bits, rows, cell"),
        (MIXED, "node", 32, "space mixed has no node"),
        (MIXED, "rows", 48, "rows = 48 is not in the space; allowed: 32, 64, 128"),
        (SRAM_TECHNOLOGY, "voltage_V", 0.6, "depends on technology_nm: fix that first"),
    ],
)
def test_what_cannot_be_fixed_is_refused(space, name, value, message):
    with pytest.raises(ValueError, match=message):
        space.fix(name, value)


def test_values_of_what_is_not_there_are_refused():
    with pytest.raises(ValueError, match="space mixed has no cols"):
        MIXED.values_of("cols")
