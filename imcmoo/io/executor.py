"""Work in processes, in the shape of `concurrent.futures`.

Processes end with the one that started them, whatever ends that.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from queue import Empty, SimpleQueue
from typing import TypeVar

from imcmoo.io.processes import Processes

Task = TypeVar("Task")
Result = TypeVar("Result")

TASKS_PER_WORKER = 2
"""Tasks in a worker's hands or waiting for it: while one result is taken, another is made."""

WATCH_S = 2.0
"""Seconds between looks whether a worker died without the pool seeing it."""


END_EVERY_S = 0.1
"""Seconds between calls of `end`: a task may begin after a call."""


class WorkerLost(RuntimeError):
    """A worker process ended in the middle of its work; one line says how and at what."""


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads() -> int:
    """Threads an evaluation may use here: one in a worker, so that workers share the cores."""
    return cores() if multiprocessing.parent_process() is None else 1


def spread(function: Callable[..., Result], *tasks: Sequence[object]) -> list[Result]:
    """Results of a function of some tasks, in order, by as many threads as there may be."""
    workers = min(threads(), len(tasks[0]))
    if workers <= 1:
        return list(map(function, *tasks))
    # NumPy releases the interpreter lock while it works on arrays.
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(function, *tasks))


@contextmanager
def local(workers: int) -> Iterator[Executor]:
    """An executor on this machine.

    Left in the ordinary way, it waits for what was submitted. Left by an exception, also that of an
    interrupt, it drops what waits and ends the workers at once, in the middle of what they do.

    Args:
        workers: processes, which may be spawned: function and tasks must be picklable, and the main
            module importable. With one, all happens in this process, at once when submitted.

    Raises:
        ValueError: fewer than one worker.
    """
    if workers < 1:
        raise ValueError(f"workers must be at least 1, got {workers}")
    executor = _ThisProcess() if workers == 1 else Processes(workers)
    try:
        yield executor
        executor.shutdown()
    except BaseException:
        executor.end()
        raise


@contextmanager
def waiting(workers: int, end: Callable[[], None]) -> Iterator[Executor]:
    """An executor of threads, for work that is done elsewhere and only waited for.

    Args:
        workers: threads.
        end: ends all that work. If the block raises, it is called until all threads have finished.
    """
    with ThreadPoolExecutor(workers) as executor:
        executor.workers = workers  # type: ignore[attr-defined]  # see `at_once`
        try:
            yield executor
        except BaseException:
            executor.shutdown(wait=False, cancel_futures=True)
            ending = threading.Thread(target=executor.shutdown)
            ending.start()
            while ending.is_alive():  # a task may begin after others were ended
                end()
                ending.join(END_EVERY_S)
            raise


def at_once(executor: Executor) -> int:
    """Number of tasks an executor runs at once; one per core if it does not say."""
    workers: int = getattr(executor, "workers", cores())
    return workers


def imap_unordered(
    executor: Executor, function: Callable[[Task], Result], tasks: Iterable[Task]
) -> Iterator[tuple[int, Result]]:
    """Work on tasks and yield each one's index and result, in the order in which they finish.

    Tasks are taken and handed out as workers get free, a few ahead, so there may be many or large
    ones. Results that are there when something fails are yielded before the failure is raised.

    Args:
        executor: as of `local`; of another that does not say how many `workers` it has, one per
            core is assumed.

    Raises:
        WorkerLost: a worker process was killed.
        Exception: what the function raised, with the worker's traceback as its cause.
    """
    workers = at_once(executor)
    ahead = TASKS_PER_WORKER * workers if workers > 1 else 1
    waiting = enumerate(tasks)
    finished: SimpleQueue[Future[Result]] = SimpleQueue()
    pending: dict[Future[Result], int] = {}
    while True:
        for index, task in islice(waiting, ahead - len(pending)):
            future = _submitted(executor, function, task)
            pending[future] = index
            future.add_done_callback(finished.put)
        if not pending:
            return
        try:
            future = _next(finished, executor)
            result = future.result()
        except BrokenExecutor as error:
            # Tasks are taken in order: the lost worker had one of the first that are not done.
            undone = [i for f, i in pending.items() if not f.done() or f.exception()]
            raise WorkerLost(_loss(executor, error, undone[:workers])) from error
        yield pending.pop(future), result


def _submitted(
    executor: Executor, function: Callable[[Task], Result], task: Task
) -> Future[Result]:
    """Submit a task; to a broken executor as well, behind what that had finished before."""
    try:
        return executor.submit(function, task)
    except BrokenExecutor as error:
        future: Future[Result] = Future()
        future.set_exception(error)
        return future


def _next(finished: SimpleQueue[Future[Result]], executor: Executor) -> Future[Result]:
    dead = False
    while True:
        try:
            return finished.get(timeout=WATCH_S)
        except Empty:
            # The standard pool waits for ever for the rest of a result that was half sent. The
            # second look leaves it the time to notice a death by itself.
            if dead:
                raise BrokenExecutor("a worker died while it sent a result") from None
            dead = isinstance(executor, Processes) and executor.has_dead()


def _loss(executor: Executor, error: BrokenExecutor, tasks: Sequence[int]) -> str:
    at = f"in the middle of task {' or '.join(map(str, tasks))}; what was finished is kept"
    if error.__cause__ is not None:
        last = str(error.__cause__).strip(" '\n").splitlines()[-1]
        return f"what a worker process sent cannot be read ({last}), {at}"
    how = executor.loss() if isinstance(executor, Processes) else str(error) or "ended"
    return f"a worker process {how} {at}"


class _ThisProcess(Executor):
    """Does what is submitted at once, in this process."""

    workers = 1
    _over = False

    def submit(
        self, fn: Callable[..., Result], /, *args: object, **kwargs: object
    ) -> Future[Result]:
        if self._over:
            raise RuntimeError("cannot schedule new futures after shutdown")
        future: Future[Result] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._over = True

    end = shutdown
