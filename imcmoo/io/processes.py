"""A pool of processes that can be ended at once, and that end with the one that started them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from functools import partial
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any

from imcmoo.io.blas import children_use_one_thread
from imcmoo.io.named import call_reporting

GRACE_S = 1.0
"""What a worker is given to end when asked to, before it is made to."""


class Processes(ProcessPoolExecutor):
    """The standard library's pool of spawned processes, which can be ended at once.

    Args:
        workers: how many; each is started when there is work for it.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._spawn = _Spawn()
        super().__init__(workers, mp_context=self._spawn, initializer=_begin)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Submit a call; what a user's code raises in it comes back as an error of the input."""
        return super().submit(call_reporting, partial(fn, *args, **kwargs))

    def has_dead(self) -> bool:
        """Tell whether a process has ended; none does before the pool is shut down."""
        return any(process.exitcode is not None for process in self._spawn.started)

    def end(self) -> None:
        """End all processes, whatever they do."""
        started = [process for process in self._spawn.started if process.pid is not None]
        for process in started:
            process.terminate()
        for process in started:
            process.join(GRACE_S)
            if process.exitcode is None:
                process.kill()
                process.join()
        self._spawn.close_results()
        self.shutdown(cancel_futures=True)

    def loss(self) -> str:
        """Describe the end of the process whose loss broke the pool, and end the others."""
        self.end()
        codes = [process.exitcode for process in self._spawn.started]
        # The others were terminated, here or by the pool itself.
        code = next((c for c in codes if c not in (None, 0, -signal.SIGTERM)), -signal.SIGTERM)
        if code == -signal.SIGKILL:
            return "was killed (out of memory?)"
        if code < 0:
            return f"was ended by {signal.Signals(-code).name}"
        return f"ended by itself with exit code {code} (its error stands above)"


class _Worker(SpawnProcess):
    """A process that is deaf to interrupts from the start, not only when it is ready."""

    def start(self) -> None:
        if not hasattr(signal, "pthread_sigmask"):
            with children_use_one_thread():
                super().start()
            return
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # is inherited
        try:
            with children_use_one_thread():
                super().start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Spawn(SpawnContext):
    """Makes what the pool is made of and remembers it: the pool has no way to be ended at once."""

    def __init__(self) -> None:
        self.started: list[_Worker] = []

    def Process(self, *args: Any, **kwargs: Any) -> _Worker:  # type: ignore[override]
        self.started.append(_Worker(*args, **kwargs))
        return self.started[-1]

    def SimpleQueue(self) -> Any:
        self._results: Any = super().SimpleQueue()
        return self._results

    def close_results(self) -> None:
        """Let the pool see the end of the results, also in the middle of a half sent one."""
        self._results._writer.close()


def _begin() -> None:
    """Prepare a worker: it ends with its parent, and an interrupt is the parent's matter."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)  # also in the middle of a task
