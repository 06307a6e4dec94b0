"""Work in processes: complete, right, and nothing left behind whatever happens."""

import itertools
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from imcmoo.io.executor import WorkerLost, cores, imap_unordered, local, threads, waiting
from imcmoo.io.processes import Processes
from tests.io.processes import ROOT, marked, needs_proc, workers
from tests.io.tasks import (
    PATIENCE,
    end_at,
    fail_at,
    first_waits,
    half_sent,
    sleep_over,
    square,
    threads_at,
    unpicklable,
    unreadable,
    wait_for,
    wide,
)

LONG = 600.0
"""Seconds of a task that nobody waits for."""

posix = pytest.mark.skipif(os.name != "posix", reason="needs signals")


def all_of(function, tasks, n_workers):
    with local(n_workers) as executor:
        return list(imap_unordered(executor, function, tasks))


# Results.


@pytest.mark.parametrize(
    ("n_tasks", "made"),
    [(0, local(2)), (1, local(2)), (7, local(1)), (7, local(2)), (9, ThreadPoolExecutor(3))],
)
def test_every_task_is_done_once_and_right_by_any_executor(n_tasks, made):
    with made as executor:
        for shift in (10, 20):  # two rounds share it
            results = list(imap_unordered(executor, square, range(shift, shift + n_tasks)))
            assert sorted(index for index, _ in results) == list(range(n_tasks))
            assert all(value == (shift + index) ** 2 for index, (value, _) in results)


def test_one_worker_is_this_process_and_several_are_others(tmp_path):
    assert {pid for _, (_, pid) in all_of(square, [1, 2, 3], 1)} == {os.getpid()}
    all_of(partial(first_waits, tmp_path), range(4), 2)  # the first ends only if others work too
    assert os.getpid() not in {pid for _, (_, pid) in all_of(square, [1, 2, 3], 2)}


def test_fewer_than_one_worker_is_refused():
    with pytest.raises(ValueError, match="at least 1, got 0"), local(0):
        pass


def test_one_worker_works_when_its_result_is_wanted_not_before():
    done = []
    with local(1) as executor:
        results = imap_unordered(executor, done.append, range(5))
        for n in range(1, 4):
            next(results)
            assert done == list(range(n))


@pytest.mark.parametrize("n_workers", [1, 2])
def test_an_executor_is_over_when_its_block_is(n_workers):
    with local(n_workers) as executor:
        pass
    with pytest.raises(RuntimeError, match="after shutdown"):
        executor.submit(square, 1)


def test_tasks_and_results_may_be_large():
    """Larger than what a pipe holds, both ways at once."""
    assert dict(all_of(wide, range(5), 2)) == {i: bytes([i]) * 1_000_000 for i in range(5)}
    big = (bytes([i]) * 3_000_000 for i in range(6))
    assert dict(all_of(len, big, 2)) == dict.fromkeys(range(6), 3_000_000)


def test_results_come_as_they_are_ready_not_in_order(tmp_path):
    """The first task waits until the last is in hand."""
    order = [index for index, _ in all_of(partial(first_waits, tmp_path), range(4), 2)]
    assert order[:2] == [1, 2]


@pytest.mark.parametrize(("n_workers", "most"), [(1, 1), (2, 4)])
def test_tasks_are_taken_only_a_few_ahead(n_workers, most):
    """The tasks are endless."""
    taken = itertools.count()
    with local(n_workers) as executor:
        results = imap_unordered(executor, square, taken)
        for n in range(1, 7):
            next(results)
            assert next(taken) < 2 * n + most  # this test takes one each time as well


# Failures.


@pytest.mark.parametrize("n_workers", [1, 2])
def test_what_a_task_raises_reaches_the_caller_with_its_traceback(n_workers):
    work = partial(fail_at, 3, ZeroDivisionError("by nothing"))
    with pytest.raises(ZeroDivisionError, match="by nothing") as caught:
        all_of(work, range(6), n_workers)
    if n_workers == 1:
        assert caught.traceback[-1].name == "fail_at"
    else:
        assert "in fail_at" in str(caught.value.__cause__)


@pytest.mark.parametrize("work", [unpicklable, lambda task: task], ids=["result", "function"])
def test_a_result_or_function_that_cannot_be_sent_is_named(work):
    with pytest.raises(Exception, match=r"[Pp]ickle|local object"):
        all_of(work, range(3), 2)


@posix
@pytest.mark.parametrize(
    ("by", "how"),
    [
        (signal.SIGKILL, r"was killed \(out of memory\?\)"),
        (signal.SIGTERM, "was ended by SIGTERM"),
        (None, r"ended by itself with exit code 3 \(its error stands above\)"),
    ],
)
def test_a_lost_worker_is_one_line_that_names_its_task(by, how):
    pattern = rf"^a worker process {how} in the middle of task (\d+)( or \d+)?; what was .* kept$"
    with pytest.raises(WorkerLost, match=pattern) as caught:
        all_of(partial(end_at, 5, by), range(20), 2)
    named = str(caught.value).split(";")[0].split("task ")[1].split(" or ")
    assert "5" in named


@posix
@pytest.mark.parametrize(
    ("work", "error"),
    [
        (partial(end_at, 5, signal.SIGKILL), WorkerLost),
        (partial(fail_at, 5, KeyError("x")), KeyError),
    ],
    ids=["a worker is lost", "a task fails"],
)
def test_what_was_finished_before_a_failure_is_handed_out(work, error):
    """Also when the failure is there before the results have been taken."""
    done = []

    def slowly():
        with local(2) as executor:
            for index, _ in imap_unordered(executor, work, range(20)):
                done.append(index)
                time.sleep(0.2)

    with pytest.raises(error):
        slowly()
    # The other worker may still be at work on one of them.
    assert len({0, 1, 2, 3, 4} - {*done}) <= 1
    assert 5 not in done


@posix
def test_a_worker_lost_in_the_middle_of_sending_is_noticed(monkeypatch):
    monkeypatch.setattr("imcmoo.io.executor.WATCH_S", 0.5)  # it takes two looks
    with pytest.raises(WorkerLost, match=r"was killed .* of task (3|. or 3)"):
        all_of(half_sent, range(8), 2)


def test_what_was_sent_but_cannot_be_read_is_not_called_killed():
    with pytest.raises(WorkerLost, match=r"cannot be read \(TypeError: .*two.*\)"):
        all_of(unreadable, range(3), 2)


# Ends.


@needs_proc
@pytest.mark.parametrize("ending", ["all is done", "a task fails", "the caller fails", "interrupt"])
def test_no_process_is_left(mark, tmp_path, ending):
    """Not even one in the middle of a long task."""
    seconds = {"all is done": [0.0, 0.1, 0.1], "a task fails": [0.0, LONG, -1.0]}
    errors = {"a task fails": ValueError, "the caller fails": LookupError}
    began = time.monotonic()

    def work():
        with local(2) as executor:
            results = imap_unordered(executor, time.sleep, seconds.get(ending, [0.0, LONG, LONG]))
            next(results)
            assert workers(mark)
            if ending in ("all is done", "a task fails"):
                list(results)
            elif ending == "interrupt":
                timer = threading.Timer(0.5, os.kill, [os.getpid(), signal.SIGINT])
                timer.start()
                next(results)
            else:
                raise LookupError

    if ending == "all is done":
        work()
    else:
        with pytest.raises(errors.get(ending, KeyboardInterrupt)):
            work()
    assert not workers(mark)
    assert time.monotonic() - began < LONG / 10


@needs_proc
def test_large_tasks_in_hand_do_not_hold_up_the_end(mark):
    tasks = [(0.0, b""), *[(LONG, bytes(3_000_000))] * 9]
    with local(2) as executor:
        results = imap_unordered(executor, sleep_over, tasks)
        next(results)
        assert len(workers(mark)) == 2
        results.close()
        executor.end()
    assert not workers(mark)


PARENT = """
import os, threading, time
from functools import partial
from pathlib import Path
from imcmoo.io.executor import imap_unordered, local
from tests.io.tasks import working

def main():
    with local(2) as executor:
        for _ in imap_unordered(executor, partial(working, Path({folder!r}), {seconds}), {tasks}):
            pass
        time.sleep({idle})

if __name__ == "__main__":
    if {threads}:  # workers are spawned then, and forked otherwise
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    main()
else:  # a spawned worker reads this in its start
    (Path({folder!r}).parent / "starting" / str(os.getpid())).touch()
    time.sleep({start})
"""

MOMENTS = {
    "in a task": {"seconds": LONG, "tasks": "range(9)", "idle": 0},
    "between tasks": {"seconds": 0.02, "tasks": "range(100_000)", "idle": 0},
    "idle": {"seconds": 0.2, "tasks": "range(4)", "idle": LONG},
}


def started(folder, moment, *, spawned, start=0.0):
    """A process that starts workers; spawned ones take some seconds to start."""
    (folder / "done").mkdir()
    (folder / "starting").mkdir()
    code = PARENT.format(
        folder=str(folder / "done"), start=start, threads=spawned, **MOMENTS[moment]
    )
    (folder / "parent.py").write_text(code)
    return subprocess.Popen(
        [sys.executable, "-m", "parent"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=(folder / "stderr").open("w"),
    )


def seen(folder):
    """Workers that have begun a task."""
    return {path.suffix for path in (folder / "done").iterdir()}


@needs_proc
@pytest.mark.parametrize(
    ("moment", "how"),
    [
        ("in a task", signal.SIGKILL),
        ("in a task", signal.SIGTERM),
        ("between tasks", signal.SIGKILL),
        ("idle", signal.SIGINT),
    ],
)
@pytest.mark.parametrize("spawned", [True, False])
def test_no_process_outlives_the_one_that_started_it(mark, tmp_path, moment, how, spawned):
    parent = started(tmp_path, moment, spawned=spawned)
    assert wait_for(lambda: len(seen(tmp_path)) == 2)
    if moment == "idle":
        assert wait_for(lambda: len(list((tmp_path / "done").iterdir())) == 4)
        time.sleep(0.5)
    assert len(workers(mark)) == 2
    parent.send_signal(how)
    assert parent.wait(PATIENCE) != 0
    assert wait_for(lambda: not marked(mark))


@needs_proc
@pytest.mark.parametrize("delay", [0.0, 0.3])
def test_workers_in_their_start_do_not_outlive_the_one_that_starts_them(mark, tmp_path, delay):
    parent = started(tmp_path, "in a task", spawned=True, start=1.0)
    assert wait_for(lambda: workers(mark))
    time.sleep(delay)
    parent.kill()
    parent.wait(PATIENCE)
    assert wait_for(lambda: not marked(mark))


@needs_proc
@pytest.mark.parametrize(
    ("moment", "spawned", "where", "n_files", "start"),
    [
        ("in a task", True, "starting", 2, 2.0),
        ("idle", True, "done", 4, 0.0),
        ("idle", False, "done", 4, 0.0),
    ],
)
def test_an_interrupt_from_the_keyboard_is_heard_by_the_parent_alone(
    mark, tmp_path, moment, spawned, where, n_files, start
):
    """It goes to the whole group of processes; here to the workers first, in their start, too."""
    parent = started(tmp_path, moment, spawned=spawned, start=start)
    assert wait_for(lambda: len(list((tmp_path / where).iterdir())) == n_files)
    pids = workers(mark)
    assert len(pids) == 2
    for pid in pids:
        os.kill(pid, signal.SIGINT)
    time.sleep(0.5)
    assert (tmp_path / "stderr").read_text() == ""
    assert workers(mark) == pids
    parent.send_signal(signal.SIGINT)
    assert parent.wait(PATIENCE) != 0
    assert wait_for(lambda: not marked(mark))
    errors = (tmp_path / "stderr").read_text()
    assert errors.count("Traceback") == errors.count("\nKeyboardInterrupt") == 1


# Cores.


def test_threads_are_all_cores_here_and_one_in_a_worker():
    assert multiprocessing.parent_process() is None
    assert threads() == cores()
    assert dict(all_of(threads_at, [0], 1)) == {0: cores()}
    assert dict(all_of(threads_at, [0, 1], 2)) == {0: 1, 1: 1}


def test_several_threads_may_end_a_pool_at_once():
    """Both would close the same pipes; without a lock a third of these pools raise an error."""
    for _ in range(12):
        pool = Processes(1)
        assert pool.submit(abs, -1).result() == 1
        with ThreadPoolExecutor(4) as ends:
            for ended in [ends.submit(pool.end) for _ in range(4)]:
                ended.result()


def test_an_interrupt_after_the_last_test_is_not_heard():
    """pytest-xdist sends one to a worker that takes long to end."""
    program = (
        "import os, signal, threading, time\nfrom tests import conftest\n"
        "conftest.pytest_configure()\nconftest.pytest_unconfigure()\n"
        "def interrupt():\n    time.sleep(0.1)\n    os.kill(os.getpid(), signal.SIGINT)\n"
        "threading.Thread(target=interrupt).start()\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, cwd=ROOT)
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_work_that_begins_while_others_are_ended_is_ended_too():
    ended, begun = [], threading.Event()

    def begin_late():
        begun.set()
        deadline = time.monotonic() + PATIENCE
        while len(ended) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)

    def interrupted():
        with waiting(1, lambda: ended.append(1)) as executor:
            executor.submit(begin_late)
            begun.wait()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert len(ended) >= 2
