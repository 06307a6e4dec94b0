"""A stamp names the first difference of anything that may be stored in its place."""

import json

import numpy as np
import pytest

from imcmoo.io.stamp import OLDER, PARTS, Stamp
from imcmoo.version import __version__

PARTS_HERE = {
    "versions": {"imcmoo": "1.0"},
    "settings": {"study": "a", "weights": (1, 2), "area": None, "fixed": {"rows": 8, "cols": 4}},
    "data": "d" * 64,
    "own code": {"own.chip": "0" * 64, "own.part": "1" * 64},
}
STAMP = Stamp(PARTS_HERE)


def test_a_stamp_does_not_differ_from_what_json_makes_of_it():
    stored = json.loads(json.dumps(STAMP.to_json()))
    assert STAMP.difference(stored) == ""
    assert Stamp(stored).digest() == STAMP.digest()
    assert Stamp({"settings": np.arange(2)}).difference({"settings": [0, 1]}) == ""


@pytest.mark.parametrize(
    ("part", "changes", "said"),
    [
        ("versions", {"imcmoo": "0.9"}, 'libraries): imcmoo "0.9" (here "1.0")'),
        ("versions", {"numpy": "2"}, 'libraries): numpy "2" (here null)'),
        ("settings", {"weights": [1, 3]}, "other settings: weights [1, 3] (here [1, 2])"),
        ("settings", {"fixed": {"rows": 16}}, "other settings: fixed (rows, cols)"),
        ("settings", {"study": "b", "area": 3}, 'study "b" (here "a"), area 3 (here null)'),
        ("settings", {"study": "b" * 61}, "other settings: study"),
        ("settings", dict.fromkeys("pqrst", 1), "p 1 (here null), q 1 (here null), r 1 (here null)"
         " and 2 more"),
        ("own code", {"own.part": "2" * 64}, "other code of your own: own.part"),
        ("own code", {"own.helper": "2" * 64}, "other code of your own: own.helper"),
    ],
)  # fmt: skip
def test_values_that_differ_are_named_and_shown_if_they_are_short(part, changes, said):
    stored = STAMP.to_json()
    difference = STAMP.difference({**stored, part: {**stored[part], **changes}})
    assert difference.startswith(PARTS[part])
    assert difference.endswith(said)


def test_a_digest_that_differs_stands_for_its_part():
    assert STAMP.difference({**STAMP.to_json(), "data": "e" * 64}) == PARTS["data"]


def test_the_network_whose_data_differ_is_named_where_both_stamps_have_a_digest_of_each():
    each = {"each network": {"wide": "a" * 64, "light": "b" * 64}}
    stamp = Stamp({**PARTS_HERE, **each})
    other = {"data": "e" * 64, "each network": {"wide": "c" * 64, "light": "b" * 64}}
    assert stamp.difference({**stamp.to_json(), **other}) == "other networks: wide"
    assert stamp.difference({**STAMP.to_json(), "data": "e" * 64}) == PARTS["data"]
    assert stamp.difference(STAMP.to_json()) == ""


@pytest.mark.parametrize("stored", [None, "mine", 1e308, [], {}, {"data": "d" * 64}])
def test_what_is_no_stamp_of_these_parts_is_of_an_older_version(stored):
    assert STAMP.difference(stored) == OLDER
    assert __version__ in OLDER


@pytest.mark.parametrize("value", [None, 5, "x", [1], {"imcmoo": {"a": 1}}])
def test_a_part_of_any_kind_is_compared(value):
    assert STAMP.difference({**STAMP.to_json(), "versions": value}).startswith(PARTS["versions"])


def test_parts_that_are_not_compared_may_differ_and_unknown_ones_are_refused():
    stored = {**STAMP.to_json(), "data": "other", "more": 1}
    assert STAMP.only("versions", "settings").difference(stored) == ""
    with pytest.raises(ValueError, match="unknown part of a stamp: budget; known: versions, "):
        Stamp({"budget": 3})
