import re
import shutil
from dataclasses import replace

import numpy as np
import pytest

from imcmoo import benchmark
from imcmoo.benchmark import truth
from imcmoo.benchmark.problem_names import problem_study
from imcmoo.exact.enumeration import ExactAnswer, Optimum
from imcmoo.io.errors import InputError
from imcmoo.solve.enumerate import enumerate_study

ANSWER = ExactAnswer(
    n_feasible=7,
    optima={"area": Optimum(0.1, np.array([1])), "alone_x": Optimum(2e-300, np.array([2, 5]))},
    front=np.array([[1.0, 1 / 3], [2.0, 0.1]]),
    ranks=np.array([1, 2]),
    designs=np.array([1, 3]),
)


def assert_equal(one, other):
    assert one.n_feasible == other.n_feasible
    for name in ("front", "ranks", "designs"):
        assert np.array_equal(getattr(one, name), getattr(other, name))
    assert list(one.optima) == list(other.optima)
    for name, optimum in one.optima.items():
        assert optimum.value == other.optima[name].value
        assert np.array_equal(optimum.ranks, other.optima[name].ranks)


def test_an_answer_is_read_back_bit_for_bit_and_equal_ones_are_equal_files(tmp_path):
    for name in "ab":
        truth.write(ANSWER, tmp_path / f"{name}.npz", "a", "MIT")
    assert_equal(truth.read(tmp_path / "a.npz", "a"), ANSWER)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_the_digest_depends_on_every_number():
    changed = [
        replace(ANSWER, n_feasible=8),
        replace(ANSWER, front=ANSWER.front * (1 + 1e-15)),
        replace(ANSWER, ranks=ANSWER.ranks + 1),
        replace(ANSWER, optima={}),
    ]
    digests = {truth.digest(answer) for answer in (ANSWER, *changed)}
    assert len(digests) == 5


def test_a_damaged_file_is_told(tmp_path, monkeypatch):
    path = tmp_path / "a.npz"
    monkeypatch.setattr(truth, "digest", lambda answer: "another")
    truth.write(ANSWER, path, "a", "MIT")
    monkeypatch.undo()
    with pytest.raises(InputError, match="is damaged"):
        truth.read(path, "a")
    path.write_bytes(b"nothing")
    with pytest.raises(InputError, match="is damaged"):
        truth.read(path, "a")


def test_the_answer_of_another_problem_is_refused(tmp_path, monkeypatch):
    """A larger area limit: the same designs have the same objectives."""
    small, large = (f"rram/mobilebert+vision_transformer/{area}mm2-v1" for area in (600, 1600))
    shutil.copy(truth.truth_path(large), tmp_path / truth.truth_path(small).name)
    monkeypatch.setattr(truth, "FOLDER", tmp_path)
    with pytest.raises(InputError, match=f"is the answer of {re.escape(large)}"):
        benchmark.get(small).pareto_front()


def test_the_arrays_of_an_answer_are_read_only():
    for name in ("front", "ranks", "designs"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(ANSWER, name)[0] = 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        *("four_workload_rram-v1", "four_workload_sram-v1", "four_workload_rram_physical_snr-v3"),
        *benchmark.names("textbook"),
    ],
)
def test_an_enumeration_reproduces_the_shipped_answer_bit_for_bit(name, tmp_path):
    answer = enumerate_study(problem_study(name), tmp_path, workers=1, on_progress=lambda *_: None)
    assert_equal(in_order(answer), in_order(truth.load(name)))


def in_order(answer):
    """The answer with equal optima by rank: answers that ship are older than the rule of ties."""
    optima = {n: replace(o, ranks=np.sort(o.ranks)) for n, o in answer.optima.items()}
    return replace(answer, optima=optima)
