"""A pool of processes that can be ended at once, and that end with the one that started them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack, suppress
from functools import partial
from multiprocessing.context import (
    BaseContext,
    ForkContext,
    ForkProcess,
    SpawnContext,
    SpawnProcess,
)
from pathlib import Path
from typing import Any

from imcmoo.io.blas import children_use_one_thread
from imcmoo.io.named import call_reporting

_POSIX = hasattr(signal, "pthread_sigmask")
INTERRUPT = frozenset({signal.SIGINT} if _POSIX else ())
"""An interrupt is the parent's matter."""

HANDLED = frozenset({signal.SIGTERM, signal.SIGHUP} if _POSIX else ())
"""Signals that a command handles and a worker does not."""

GRACE_S = 1.0
"""Seconds between asking a worker to end and killing it."""


class Processes(ProcessPoolExecutor):
    """The standard library's pool of processes, which can be ended at once.

    They are forked where this process has one thread, since no other thread can hold a lock then:
    a forked worker begins at once, with all that is imported here. Elsewhere they are spawned.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._ending = threading.Lock()
        self._context: _Context = _Fork() if _is_single_threaded() else _Spawn()
        super().__init__(workers, mp_context=self._context, initializer=_begin)

    def submit(self, fn: Callable[..., Any], /, *args: object, **kwargs: object) -> Future[Any]:
        """Submit a call; what a user's code raises in it comes back as an error of the input."""
        return super().submit(call_reporting, partial(fn, *args, **kwargs))

    def has_dead(self) -> bool:
        """Tell whether a process has ended; before the pool is shut down, it was lost then."""
        return any(process.exitcode is not None for process in self._context.started)

    def end(self) -> None:
        """End all processes, whatever they do."""
        started = [process for process in self._context.started if process.pid is not None]
        for process in started:
            process.terminate()
        for process in started:
            process.join(GRACE_S)
            if process.exitcode is None:
                process.kill()
                process.join()
        with self._ending:  # another thread may end it too, and would close the same pipes
            self._context.close_results()
            self.shutdown(cancel_futures=True)

    def loss(self) -> str:
        """Describe the end of the process whose loss broke the pool, and end the others."""
        self.end()
        codes = [process.exitcode for process in self._context.started]
        # The others were terminated, here or by the pool itself.
        code = next((c for c in codes if c not in (None, 0, -signal.SIGTERM)), -signal.SIGTERM)
        if _POSIX and code == -signal.SIGKILL:
            return "was killed (out of memory?)"
        if code < 0:
            return f"was ended by {signal.Signals(-code).name}"
        return f"ended by itself with exit code {code} (its error stands above)"


def _is_single_threaded() -> bool:
    """Tell whether this process has one thread, those of libraries included; false if unknown."""
    return sys.platform == "linux" and len(list(Path("/proc/self/task").iterdir())) == 1


class _Worker(multiprocessing.process.BaseProcess):
    """A process that begins with the signals `blocked`; `_begin` unblocks `HANDLED`."""

    blocked: frozenset[signal.Signals]

    def start(self) -> None:
        with ExitStack() as stack:
            stack.enter_context(children_use_one_thread())
            if self.blocked:
                before = signal.pthread_sigmask(signal.SIG_BLOCK, self.blocked)  # is inherited
                stack.callback(signal.pthread_sigmask, signal.SIG_SETMASK, before)
            super().start()


class _Spawned(_Worker, SpawnProcess):
    blocked = INTERRUPT


class _Forked(_Worker, ForkProcess):
    # The handlers of the parent are for the parent's locks and files.
    blocked = INTERRUPT | HANDLED


class _Context(BaseContext):
    """Makes the parts of a pool and stores them: the pool has no way to be ended at once."""

    worker: type[_Worker]

    def __init__(self) -> None:
        self.started: list[_Worker] = []

    def Process(self, *args: Any, **kwargs: Any) -> _Worker:
        self.started.append(self.worker(*args, **kwargs))
        return self.started[-1]

    def SimpleQueue(self) -> Any:
        self._results: Any = super().SimpleQueue()
        return self._results

    def close_results(self) -> None:
        """Let the pool see the end of the results, also in the middle of a half sent one."""
        with suppress(OSError):  # the pool's thread may close it at the same time
            self._results._writer.close()


class _Spawn(_Context, SpawnContext):  # type: ignore[misc]
    worker = _Spawned


class _Fork(_Context, ForkContext):  # type: ignore[misc]
    worker = _Forked


def _begin() -> None:
    """Prepare a worker: it ends with its parent, and an interrupt is the parent's matter."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in HANDLED:
        if signal.getsignal(number) != signal.SIG_IGN:  # ignored under nohup
            signal.signal(number, signal.SIG_DFL)
    if HANDLED:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)  # also in the middle of a task
