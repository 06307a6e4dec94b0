"""Lists of a space go on in their own progression."""

import numpy as np
import pytest

from imcmoo.space.design_space import DesignSpace
from imcmoo.space.parameters import Categorical, Conditional, Ordinal
from imcmoo.space.widening import ends, extensions, next_to, subspace

SIZES = ("x16", "x32", "x64")


def beyond(parameter, side, **texts):
    """Values that extensions of a list add, in order."""
    space = DesignSpace("one", (parameter,))
    level = int(np.argmin(parameter.values) if side == "smallest" else np.argmax(parameter.values))
    (end,) = ends(space, np.array([[level]]), texts)
    assert end.side == side
    return [wider.parameters[0].values[at] for wider, at in extensions(space, end, texts)]


@pytest.mark.parametrize(
    ("values", "below", "above"),
    [
        ((2, 4, 8), [1], [16, 10]),
        ((256, 1024, 4096), [64], [16384, 4864]),
        ((5, 6, 7), [4], [8]),
        ((32, 31, 16), [8, 15], [33]),
        ((0.6, 0.8, 0.9, 1.0), [0.5], [1.1]),
        ((1, 2), [], [4, 3]),
        ((0, 1), [], [2]),
    ],
)
def test_a_list_goes_on_by_its_factor_or_its_step(values, below, above):
    assert beyond(Ordinal("n", values), "smallest") == below
    assert beyond(Ordinal("n", values), "largest") == above


def test_texts_go_on_only_where_they_are_sizes():
    widths = Categorical("dram", ("x64", "x32"))
    space = DesignSpace("one", (widths,))
    assert ends(space, np.array([[1]])) == []
    (end,) = ends(space, np.array([[1]]), {"dram": SIZES})
    ((wider, at),) = extensions(space, end, {"dram": SIZES})
    assert wider.parameters[0].values[at] == "x16"


def test_a_text_without_size_is_below_all_sizes():
    widths = Categorical("dram", ("none", "x64"))
    space = DesignSpace("one", (widths,))
    (least,) = ends(space, np.array([[0]]), {"dram": SIZES})
    assert not [*extensions(space, least, {"dram": SIZES})]


def test_rows_of_dependent_parameters_go_on_with_their_parameter():
    rows = Ordinal("rows", (64, 128, 256))
    active = Conditional("active", rows, {64: (64, 63), 128: (128, 127), 256: (256, 255)})
    space = DesignSpace("two", (rows, active))
    (end, _) = ends(space, np.array([[2, 0]]))
    wider, at = next(extensions(space, end))
    assert wider.parameters[0].values[at] == 512
    assert wider.parameters[1].values_by[512] == (512, 511)


def test_each_row_of_a_conditional_parameter_gets_one_more_value():
    rows = Ordinal("rows", (64, 128))
    active = Conditional("active", rows, {64: (64, 32), 128: (128, 64)})
    space = DesignSpace("two", (rows, active))
    end = next(e for e in ends(space, np.array([[0, 1]])) if e.parameter == "active")
    wider, at = next(extensions(space, end))
    assert wider.parameters[1].values_by == {64: (64, 32, 16), 128: (128, 64, 32)}
    assert at == 2


def test_a_value_inside_its_list_is_no_end():
    assert ends(DesignSpace("one", (Ordinal("n", (1, 2, 4)),)), np.array([[1]])) == []


def test_a_part_of_a_space_fixes_parameters_with_one_value_left():
    rows = Ordinal("rows", (64, 128))
    active = Conditional("active", rows, {64: (64, 32), 128: (128, 64)})
    words = Conditional("words", rows, {64: (1, 2), 128: (1, 4)})
    space = DesignSpace("three", (rows, active, words), fixed={"device": "sram"})
    part = subspace(space, {"words": [0]})
    assert part.fixed == {"device": "sram", "words": 1}
    assert part.names == ["rows", "active"]
    part = subspace(space, {"rows": [1], "active": [1]})
    assert part.fixed == {"device": "sram", "rows": 128, "active": 64}
    assert part.values_of("words") == (1, 4)
    assert subspace(space, {"rows": [0]}).values_of("active") == (32, 64)
    # One value beside each value of another parameter stays conditional.
    part = subspace(space, {"active": [0]})
    assert part.parameters[1].values_by == {64: (64,), 128: (128,)}


def test_the_nearest_numbers_of_a_list_go_beyond_its_ends():
    assert next_to((4, 1, 2), 2) == [("smallest", 1), ("largest", 4)]
    assert next_to((4, 1, 2), 4) == [("smallest", 2), ("largest", 8)]
    assert next_to((1,), 1) == []


def test_two_rows_go_on_by_their_factor():
    rows = Ordinal("rows", (128, 256))
    active = Conditional("active", rows, {128: (128, 64), 256: (256, 128)})
    space = DesignSpace("two", (rows, active))
    (end, _) = ends(space, np.array([[0, 0]]))
    wider, _ = next(extensions(space, end))
    assert wider.parameters[1].values_by[64] == (64, 32)


def test_texts_that_depend_on_a_parameter_stay_those_of_its_last_value():
    bits = Ordinal("adc_bits", (5, 6))
    model = Conditional("adc_model", bits, {5: ("isaac", "zigzag"), 6: ("murmann", "zigzag")})
    space = DesignSpace("two", (bits, model))
    end = next(e for e in ends(space, np.array([[1, 1]]), {}) if e.parameter == "adc_bits")
    ((wider, at),) = extensions(space, end, {})
    assert wider.parameters[0].values[at] == 7
    assert wider.parameters[1].rows[at].values == ("murmann", "zigzag")
