"""Design spaces: decoding, encoding, ranks, neighbours."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imcmoo.space import moves
from imcmoo.space.design_space import DesignSpace
from imcmoo.space.parameters import Categorical, Conditional, Integer, Ordinal, Real
from problems import SPACES, SRAM, SRAM_TECHNOLOGY, STUDIES

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
FIRST = {"voltage_V": 0.5, "bits": 1, "rows": 32, "cell": "rram"}


@given(st.lists(st.integers(0, MIXED.size - 1), min_size=1, max_size=20))
def test_rank_encode_and_decode_are_inverse(ranks):
    levels = MIXED.unrank(np.array(ranks))
    assert MIXED.rank(levels).tolist() == ranks
    values = MIXED.decode(levels)
    assert (MIXED.encode(values) == levels).all()
    # The grid of a real parameter has no float noise.
    assert {*values["voltage_V"]} <= {0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85}


def test_rank_of_a_subspace_ignores_the_other_parameters():
    levels = MIXED.unrank(np.arange(MIXED.size))
    assert len(np.unique(MIXED.rank(levels, ["bits", "cell"]))) == 9
    assert (MIXED.rank(levels, []) == 0).all()


def test_neighbours_step_once_in_order_and_anywhere_without():
    near = MIXED.neighbours(np.array([0, 1, 2, 1])).tolist()
    assert near[:4] == [[1, 1, 2, 1], [0, 0, 2, 1], [0, 2, 2, 1], [0, 1, 1, 1]]
    assert near[4:] == [[0, 1, 2, 0], [0, 1, 2, 2]]


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (lambda: Ordinal("rows", ()), "value"),
        (lambda: Ordinal("rows", (32, 32)), "twice"),
        (lambda: DesignSpace("s", (Integer("a", 1, 2), Integer("a", 1, 2))), "twice"),
        (lambda: Conditional("a", Integer("b", 1, 2), {1: (1,), 3: (2,)}), "a row of values for"),
        (lambda: MIXED.decode(np.array([[0, 0, 3, 0]])), r"rows is outside 0\.\.2"),
        (lambda: MIXED.decode(np.array([[0.0, 0, 0, 0]])), "levels must be integers, got float64"),
        (lambda: MIXED.decode(np.ma.masked_array([[0, 0, 0, 0]])), "levels: a masked array"),
        (lambda: MIXED.encode({**FIRST, "rows": np.ma.masked_array([32])}), "rows: a masked array"),
        (lambda: MIXED.values_of("cols"), "space mixed has no cols"),
        (lambda: MIXED.fix("cols", 8), "space mixed has no cols; it has voltage_V, bits, rows"),
        (lambda: MIXED.fix("node", 32), "space mixed has no node"),
        (lambda: MIXED.fix("rows", 48), "rows = 48 is not in the space; allowed: 32, 64, 128"),
        (lambda: SRAM_TECHNOLOGY.fix("voltage_V", 0.6), "depends on technology_nm: fix that first"),
    ],
)
def test_what_no_space_has_is_refused(broken, message):
    with pytest.raises(ValueError, match=message):
        broken()


VAST = [
    DesignSpace(f"{k}^{n}", tuple(Integer(f"p{i}", 1, k) for i in range(n)))
    for k, n in ((256, 8), (300, 9))
]
"""Spaces of 2**64 designs, just more than an unsigned integer counts, and of many more."""


@pytest.mark.parametrize("space", VAST, ids=lambda s: s.name)
@given(data=st.data())
def test_ranks_of_a_vast_space_are_exact(space, data):
    drawn = data.draw(st.lists(st.integers(0, space.size - 1), max_size=5))
    ranks = [0, space.size - 1, *drawn]
    levels = space.unrank(ranks)  # NumPy would make floats of such a list
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


def test_a_value_that_a_conditional_parameter_lacks_is_named_with_its_condition():
    parameter = conditional([(0.6, 0.7), (0.7, 0.8)])
    text = r"^voltage_V \(at node_nm 22\) = 4 is not in the space; allowed: 0.6"
    with pytest.raises(ValueError, match=text):
        parameter.encode_given(np.array([4.0]), np.array([0]))


def test_conditional_parameters_are_told_apart_by_their_values():
    one = conditional([(0.6, 0.7), (0.7, 0.8)])
    other = conditional([(0.6, 0.7), (0.7, 0.9)])
    assert one == conditional([(0.6, 0.7), (0.7, 0.8)])
    spaces = {DesignSpace("s", (p.on, p)) for p in (one, other, one)}
    assert len(spaces) == 2
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
        same = levels[levels[:, at] == level]
        assert len(same)
        fixed = space.fix(parameter.name, parameter.values[level])
        assert fixed.size * len(parameter) == space.size
        expected = space.decode(same)
        again = fixed.decode(fixed.encode({n: expected[n] for n in fixed.names}))
        assert {*again} == {*expected}
        for name, values in expected.items():
            np.testing.assert_array_equal(again[name], values)


def test_fixing_one_parameter_decides_what_depends_on_it_and_all_leave_one_design():
    fixed = SRAM_TECHNOLOGY.fix("technology_nm", 45)
    assert fixed.values_of("voltage_V")[0] == 0.75
    assert fixed.values_of("technology_nm") == (45,)
    # Then nothing depends on anything, and the next can be fixed.
    assert fixed.fix("voltage_V", 0.8).fixed["voltage_V"] == 0.8
    space = MIXED
    for name, value in (("bits", 2), ("cell", "pcm"), ("voltage_V", 0.1 * 7), ("rows", 32)):
        space = space.fix(name, value)
    assert space.size == 1
    assert space.fixed == {"node": 32, "bits": 2, "cell": "pcm", "voltage_V": 0.7, "rows": 32}


@pytest.mark.parametrize("study", ["four_workload_rram", "four_workload_rram_physical"])
def test_moves_go_round_unordered_parameters_and_tell_what_leaves_the_space(study):
    space = STUDIES[study].space
    levels = space.random(7, np.random.default_rng(3))
    steps = moves.pairs(moves.single_moves(space))
    designs, inside = moves.move(space, levels, steps)
    shape, plain = np.array(space.shape), levels[:, None] + steps
    plain[..., ~space.is_ordered] %= shape[~space.is_ordered]
    assert (inside == ((plain >= 0) & (plain < shape)).all(axis=-1)).all()
    assert (designs[inside] == plain[inside]).all()
    assert inside.any()
    assert not inside.all()
    reached, of = moves.neighbours(space, levels, steps)
    assert (reached == designs[inside]).all()
    assert (of == np.nonzero(inside)[0]).all()
