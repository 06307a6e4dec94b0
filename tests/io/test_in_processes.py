"""The pool that `local` and `completed` replace; to be deleted with it."""

import os
import signal
import subprocess
import sys
import time
from functools import partial

import pytest

from imcmoo.io.executor import in_processes
from tests.io.processes import PATIENCE, ROOT, marked, needs_proc, wait_for, workers

# What the processes do; found by name in a new process, so none of it can be inside a test.


def squares():
    return lambda task: (task * task, os.getpid())


def wide(task):
    return bytes([task]) * 1_000_000


def wides():
    return wide


def fails_at(bad, error, task):
    if task == bad:
        raise error
    return task


def failing(bad, error):
    return partial(fails_at, bad, error)


def never_ready():
    raise LookupError("no such table")


def dies_at(bad, task):
    if task == bad:
        os._exit(9)
    return task


def dying(bad):
    return partial(dies_at, bad)


def dies_at_once():
    os._exit(9)


def sleeps(folder, task):
    (folder / f"{task}.{os.getpid()}").touch()
    time.sleep(0.2)


def sleeping(folder):
    return partial(sleeps, folder)


def unpicklable(_):
    return lambda: None


def giving_what_cannot_be_sent():
    return unpicklable


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("n_tasks", [0, 1, 2, 7])
def test_every_task_is_done_once_and_right(n_tasks, processes):
    tasks = [10 + i for i in range(n_tasks)]
    results = list(in_processes(squares, tasks, processes))
    assert sorted(index for index, _ in results) == list(range(n_tasks))
    assert all(square == tasks[index] ** 2 for index, (square, _) in results)


def test_several_processes_share_the_work_and_one_keeps_it_to_itself():
    own = {pid for _, (_, pid) in in_processes(squares, [1, 2, 3], 1)}
    assert own == {os.getpid()}
    others = {pid for _, (_, pid) in in_processes(squares, [1, 2], 2)}
    assert len(others) == 2
    assert os.getpid() not in others


def test_tasks_and_results_may_be_large():
    """Larger than what a pipe holds, both ways at once."""
    found = dict(in_processes(wides, list(range(5)), 2))
    assert found == {i: bytes([i]) * 1_000_000 for i in range(5)}
    big = [bytes([i]) * 3_000_000 for i in range(4)]
    assert dict(in_processes(lengths, big, 2)) == dict.fromkeys(range(4), 3_000_000)


def lengths():
    return len


def test_results_come_as_they_are_ready_not_in_order(tmp_path):
    """The first task waits until the last is in hand."""
    order = [index for index, _ in in_processes(partial(patient, tmp_path), list(range(4)), 2)]
    assert order[:2] == [1, 2]


def patient(folder):
    return partial(first_waits, folder)


def first_waits(folder, task):
    if task == 0:
        assert wait_for((folder / "3").exists)
    (folder / str(task)).touch()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (partial(failing, 3, ZeroDivisionError("by nothing")), r"ZeroDivisionError.*by nothing"),
        (never_ready, r"LookupError.*no such table"),
        (partial(dying, 3), "ended in the middle"),
        (giving_what_cannot_be_sent, "[Pp]ickl"),
    ],
    ids=["work fails", "no work is made", "process dies", "result cannot be sent"],
)
def test_a_failure_is_named(make, message):
    with pytest.raises(RuntimeError, match=message):
        list(in_processes(make, list(range(6)), 2))


def test_a_process_that_dies_before_it_takes_its_task_is_a_failure_too():
    with pytest.raises(RuntimeError, match="ended"):
        list(in_processes(dies_at_once, list(range(6)), 2))


def test_results_before_a_failure_are_handed_out():
    """All but that of the task which the other process has in hand."""
    results = in_processes(partial(failing, 5, KeyError("x")), list(range(6)), 2)
    done = {next(results)[0] for _ in range(4)}
    assert len(done) == 4
    with pytest.raises(RuntimeError):
        list(results)


ENDINGS = {
    "all is done": [0.0, 0.1, 0.1],
    "a task fails": [0.0, 600.0, -1.0],
    "nobody wants more": [0.0, 600.0, 600.0],
}
"""Seconds that each task takes."""


@needs_proc
@pytest.mark.parametrize("ending", ENDINGS)
def test_no_process_is_left(mark, ending):
    """Not even one in the middle of a long task."""
    results = in_processes(napping, ENDINGS[ending], 2)
    assert next(results)[1] is None
    assert workers(mark)
    if ending == "nobody wants more":
        results.close()
    elif ending == "all is done":
        assert len(list(results)) == 2
    else:
        with pytest.raises(RuntimeError, match="non-negative"):
            list(results)
    assert wait_for(lambda: not workers(mark))


def napping():
    return time.sleep


PARENT = """
from functools import partial
from pathlib import Path
from imcmoo.io.executor import in_processes
from tests.io.test_in_processes import sleeping
for _ in in_processes(partial(sleeping, Path({folder!r})), list(range(10_000)), 2):
    pass
"""


@needs_proc
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_process_outlives_the_one_that_started_it(mark, tmp_path, how):
    code = PARENT.format(folder=str(tmp_path))
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.DEVNULL)
    assert wait_for(lambda: len({p.suffix for p in tmp_path.iterdir()}) == 2)
    assert len(workers(mark)) == 2
    parent.send_signal(how)
    assert parent.wait(PATIENCE) != 0
    assert wait_for(lambda: not marked(mark))
