"""Work spread over processes, which end with the one that started them."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from itertools import islice
from multiprocessing.connection import wait
from typing import Any, TypeVar, cast

Task = TypeVar("Task")
Result = TypeVar("Result")

Work = Callable[[Task], Result]


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_processes(
    make: Callable[[], Work[Task, Result]], tasks: Sequence[Task], processes: int
) -> Iterator[tuple[int, Result]]:
    """Work on tasks and yield each one's index and result, in the order in which they finish.

    Args:
        make: makes what works on a task; called once per process, must be picklable.
        tasks: handed out one by one, so long ones do not hold up the others.
        processes: how many; with one, or one task, all happens in this process.

    Raises:
        RuntimeError: one of several processes failed; says how.
    """
    processes = min(processes, len(tasks))
    if processes <= 1:
        work = make() if tasks else None
        for index, task in enumerate(tasks):
            assert work is not None
            yield index, work(task)
        return
    context = multiprocessing.get_context("spawn")
    with ExitStack() as stack:
        waiting = iter(enumerate(tasks))
        busy: dict[Any, int] = {}
        for _ in range(processes):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(make, theirs), daemon=True)
            process.start()
            theirs.close()
            stack.callback(process.terminate)
            stack.enter_context(closing(ours))
            index, task = next(waiting)
            ours.send(task)
            busy[ours] = index
        while busy:
            for done in cast(list[Any], wait(list(busy))):
                finished = busy.pop(done)
                result = _received(done)
                # Handed out before the result is: whoever takes that may take its time.
                for index, task in islice(waiting, 1):
                    busy[done] = index
                    done.send(task)
                yield finished, result


def _received(connection: Any) -> Any:
    try:
        result, error = connection.recv()
    except (EOFError, ConnectionError):
        raise RuntimeError("a process ended in the middle of its work") from None
    if error is not None:
        raise RuntimeError(f"a process failed: {error}")
    return result


def _serve(make: Callable[[], Work[Any, Any]], connection: Any) -> None:
    """Work until the other end is closed, also by the death of its process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this one decides
    try:
        work = make()
        while True:
            connection.send((work(connection.recv()), None))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
    except Exception as error:
        connection.send((None, repr(error)))
