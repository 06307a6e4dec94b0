"""Evaluations on disk: nothing is lost, and what is no checkpoint is refused by one clear error."""

import json
import zipfile

import numpy as np
import pytest

from imcmoo.io.errors import InputError
from imcmoo.io.stamp import Stamp
from imcmoo.record import checkpoint
from imcmoo.record.evaluations import Evaluations
from imcmoo.version import __version__
from tests.fakes import SMALL, NoisyEvaluator, fake_problem
from tests.search.searches import bytes_of, new_search, search

PROBLEM = fake_problem(SMALL, 2)
STAMP = Stamp({"settings": {"seed": 1}})
RANDOM = np.random.default_rng(1).bit_generator.state
STATE = checkpoint.SearchState(RANDOM, SMALL.unrank(np.arange(20, 25)), {8: 2.0, 7: 0.5})


def begun():
    return new_search(PROBLEM, budget=300)


@pytest.fixture(scope="module")
def whole():
    return bytes_of(search(PROBLEM, budget=300))


@pytest.fixture
def saved(tmp_path):
    """A search after two generations, and its checkpoint."""
    asking = begun()
    for _ in range(2):
        asking.tell(PROBLEM.model.evaluate(asking.ask()))
    path = tmp_path / "s"
    asking.save(path)
    return asking, path


def stored(path):
    with np.load(path) as arrays:
        return {name: arrays[name] for name in arrays.files}


def forge(path, arrays, *, words=None):
    """Write a checkpoint as a program would that knows how checksums are made."""
    arrays = dict(arrays)
    text = str(arrays.pop("words"))
    arrays.pop("checksum")
    text = text if words is None else json.dumps(words(json.loads(text)))
    with path.open("wb") as file:
        checksum = checkpoint._checksum(text, arrays)
        np.savez(file, words=text, checksum=checksum, **arrays)


def load(path):
    """Load a checkpoint into a new search."""
    other = begun()
    other.load(path)
    return other


@pytest.mark.parametrize("generations", [0, 1, 3])
def test_what_is_saved_is_loaded_to_the_last_bit(tmp_path, generations):
    problem = fake_problem(SMALL, 3, model=NoisyEvaluator)
    evaluations = Evaluations(problem)
    for k in range(generations):
        levels = SMALL.unrank(np.arange(k * 900, k * 900 + 40 + k))
        evaluations.append(levels, problem.model.evaluate(levels), generation=k)
    checkpoint.save(evaluations, tmp_path / "s", stamp=STAMP, state=STATE)
    other, state = checkpoint.load(tmp_path / "s", problem, stamp=STAMP)
    assert (state.random, [*state.refused.items()]) == (RANDOM, [(8, 2.0), (7, 0.5)])
    np.testing.assert_array_equal(state.asked, STATE.asked)
    assert other.seen == evaluations.seen
    for name in ("levels", "F", "G", "generation"):
        np.testing.assert_array_equal(getattr(other, name), getattr(evaluations, name))
    np.testing.assert_array_equal(other.front, evaluations.front)
    assert other.metrics.values.keys() == evaluations.metrics.values.keys()
    for name, values in evaluations.metrics.values.items():
        np.testing.assert_array_equal(other.metrics.values[name], values)


def test_no_changed_byte_changes_a_search(saved, whole):
    """Most are noticed by the checksum; the others are bytes that nobody reads."""
    asking, path = saved
    before = bytes_of(asking)
    content, refused = path.read_bytes(), 0
    for at in np.random.default_rng(0).integers(len(content), size=60):
        path.write_bytes(content[:at] + bytes([content[at] ^ 16]) + content[at + 1 :])
        try:
            assert bytes_of(load(path)) == before
        except InputError as error:
            assert "is not a checkpoint of a search" in str(error)  # noqa: PT017
            refused += 1
    assert refused > 40


def changed(name, change):
    return lambda arrays: arrays | {name: change(arrays[name])}


def at_row(value, *where):
    def change(array):
        array = array.copy()
        array[where] = value
        return array

    return change


FORGED = {
    "an index beyond the space": changed("levels", at_row(3, 5, 0)),
    "an index below 0": changed("levels", at_row(-1, 5, 0)),
    "a design twice": changed("levels", lambda a: np.concatenate([a[1:2], a[1:]])),
    "indices that are no whole numbers": changed("levels", lambda a: a + 0.0),
    "too few parameters": changed("levels", lambda a: a[:, :-1]),
    "one list of indices": changed("levels", lambda a: a[0]),
    "no design": changed("levels", lambda a: a[:0]),
    "fewer generations than designs": changed("generation", lambda a: a[:-1]),
    "generations from 1": changed("generation", lambda a: a + 1),
    "generations that go back": changed("generation", lambda a: a[::-1].copy()),
    "a generation left out": changed("generation", lambda a: 2 * a),
    "a negative generation": changed("generation", lambda a: a - 1),
    "a generation of 10¹²": changed("generation", at_row(10**12, -1)),
    "generations as a table": changed("generation", lambda a: np.stack([a, a], axis=1)),
    "generations as texts": changed("generation", lambda a: a.astype(str)),
    "an energy that is not a number": changed("value energy", at_row(np.nan, 5, 0)),
    "an infinite energy": changed("value energy", at_row(np.inf, 5, 0)),
    "a negative energy": changed("value energy", at_row(-1.0, 5, 0)),
    "an energy as large as those of what does not run": changed(
        "value energy", at_row(1e300, 5, 0)
    ),
    "energies of fewer networks": changed("value energy", lambda a: a[:, :-1]),
    "energies of fewer designs": changed("value energy", lambda a: a[:-1]),
    "energies as texts": changed("value energy", lambda a: a.astype(str)),
    "complex energies": changed("value energy", lambda a: a + 0j),
    "an area for all": changed("value area", lambda a: a[0]),
    "a negative area": changed("value area", at_row(-1.0, 5)),
    "a utilization of fewer designs": changed("value utilization", lambda a: a[:-1]),
    "no energy": lambda arrays: {n: a for n, a in arrays.items() if n != "value energy"},
    "no levels": lambda arrays: {n: a for n, a in arrays.items() if n != "levels"},
    "no resource": lambda arrays: {n: a for n, a in arrays.items() if n != "own cells"},
    "no capacity": changed("own cells", lambda a: 0 * a),
    "a missing amount that is not a number": changed("missing cells", at_row(np.nan, 5, 0)),
    "refused designs beyond the space": changed("refused", lambda a: a + 99),
    "refused designs without a violation": changed("violation", lambda a: a[:-1]),
    "a refused design without violation": changed("violation", lambda a: 0 * a),
    "a violation that is not a number": changed("violation", lambda a: np.nan * a),
    "designs asked for beyond the space": changed("asked", lambda a: a + 99),
    "a design asked for twice": changed("asked", lambda a: np.concatenate([a, a[:1]])),
    "indices asked for that are no whole numbers": changed("asked", lambda a: a + 0.0),
    "violations as texts": changed("violation", lambda a: a.astype(str)),
    "missing amounts of fewer networks": changed("missing cells", lambda a: a[:, :-1]),
}


@pytest.mark.parametrize("name", FORGED)
def test_arrays_that_no_search_has_are_refused(saved, name):
    _, path = saved
    forge(path, FORGED[name](stored(path)))
    with pytest.raises(InputError, match=r"s is not a checkpoint of a search: remove it, and the"):
        load(path)


OTHER_METRICS = {
    "an own value that no model gave": (
        lambda arrays: arrays | {"value mine": arrays["value area"]},
        "is not a checkpoint of a search",
    ),
    "no utilization": (
        lambda arrays: {n: a for n, a in arrays.items() if n != "value utilization"},
        "is not a checkpoint of a search",
    ),
    "utilizations of the chip": (
        changed("value utilization", lambda a: a[:, 0]),
        "is not a checkpoint of a search",
    ),
    "utilizations as texts": (
        changed("value utilization", lambda a: a.astype(str)),
        "is not a checkpoint of a search",
    ),
    "utilizations in single precision": (
        changed("value utilization", lambda a: a.astype(np.float32)),
        "is not a checkpoint of a search",
    ),
    "larger utilizations": (
        changed("value utilization", lambda a: 1.1 * a),
        r"other numbers of the cost model \(utilization ",
    ),
    "one utilization that is not a number": (
        changed("value utilization", at_row(np.nan, 5, 0)),
        r"other numbers of the cost model \(utilization nan, here 0.5\)",
    ),
    "one infinite number of cells": (
        changed("own cells", at_row(np.inf, 5)),
        r"other numbers of the cost model \(own cells inf",
    ),
    "more cells": (
        changed("own cells", lambda a: 2 * a),
        r"other numbers of the cost model \(own cells ",
    ),
}
"""Forgeries that only an evaluation notices, and what the search says of them."""


@pytest.mark.parametrize("name", OTHER_METRICS)
def test_metrics_that_the_model_does_not_give_are_refused(saved, name):
    _, path = saved
    forgery, message = OTHER_METRICS[name]
    forge(path, forgery(stored(path)))
    with pytest.raises(InputError, match=message):
        search(PROBLEM, budget=300, checkpoint=path)


WORDS = {
    "no text": lambda words: None,
    "a list": lambda words: [1, 2],
    "no random state": lambda words: words | {"random": None},
    "a random state that is a number": lambda words: words | {"random": 1},
    "an empty random state": lambda words: words | {"random": {}},
    "a state of another generator": lambda words: (
        words | {"random": words["random"] | {"bit_generator": "MT19937"}}
    ),
    "a random state of texts": lambda words: (
        words | {"random": words["random"] | {"state": {"state": "a", "inc": "b"}}}
    ),
    "a random state without end": lambda words: (
        words | {"random": words["random"] | {"state": {"state": 10**400, "inc": 1}}}
    ),
    "a negative random state": lambda words: (
        words | {"random": words["random"] | {"state": {"state": -1, "inc": -1}}}
    ),
}


@pytest.mark.parametrize("name", WORDS)
def test_words_that_no_search_has_are_refused(saved, name):
    _, path = saved
    forge(path, stored(path), words=WORDS[name])
    with pytest.raises(InputError, match="is not a checkpoint of a search"):
        load(path)


@pytest.mark.parametrize("stamp", [None, "mine", {}, {"space": "1"}])
def test_a_checkpoint_without_a_stamp_is_of_an_older_version(saved, stamp):
    _, path = saved
    forge(path, stored(path), words=lambda words: words | {"stamp": stamp})
    with pytest.raises(InputError, match=f"is of an older version of imcmoo than {__version__}. "):
        load(path)


def test_a_budget_that_is_overspent_is_refused(saved):
    _, path = saved
    arrays = stored(path)
    levels = PROBLEM.space.unrank(np.arange(301))
    metrics = PROBLEM.model.evaluate(levels)
    arrays |= {"levels": levels, "generation": np.zeros(301, dtype=np.int64)}
    arrays |= {f"value {name}": values for name, values in metrics.values.items()}
    for name, resource in metrics.resources.items():
        arrays |= {f"own {name}": resource.own, f"missing {name}": resource.missing}
    forge(path, arrays)
    with pytest.raises(InputError, match="is of 301 designs, more than the budget of 300"):
        load(path)


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "s"
    np.savez(path.with_suffix(".npz"), levels=np.zeros(3))
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
        archive.writestr("words.npy", b"")
    pickled = tmp_path / "s.pickle"
    np.savez(pickled.open("wb"), words=np.array([{}], dtype=object), checksum="")
    for other in (path.with_suffix(".npz"), tmp_path / "s.zip", pickled):
        with pytest.raises(InputError, match="is not a checkpoint of a search"):
            load(other)


def test_a_refused_checkpoint_leaves_the_search_as_it_was(saved, whole):
    _, path = saved
    forge(path, FORGED["an infinite energy"](stored(path)))
    other = begun()
    with pytest.raises(InputError, match="is not a checkpoint"):
        other.load(path)
    while len(levels := other.ask()):
        other.tell(PROBLEM.model.evaluate(levels))
    assert bytes_of(other) == whole
