"""Tasks of workers, found by name in a new process: few imports, which each of them repeats."""

import os
import signal
import time
from multiprocessing.connection import Connection

from imcmoo.io.executor import threads

PATIENCE = 30
"""Seconds after which what has not happened never will."""


def wait_for(condition):
    """Return whether a condition comes true in time."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def working(folder, seconds, task):
    """A task that takes some time, and leaves a file for each process that begins it."""
    (folder / f"{task}.{os.getpid()}").touch()
    time.sleep(seconds)
    return task


def square(task):
    return task * task, os.getpid()


def sleep_over(task):
    time.sleep(task[0])


def wide(task):
    return bytes([task]) * 1_000_000


def fail_at(bad, error, task):
    if task == bad:
        raise error
    return task


def end_at(bad, how, task):
    """End by a signal, or leave with exit code 3 for none."""
    if task == bad:
        os.kill(os.getpid(), how) if how else os._exit(3)
    return task


def first_waits(folder, task):
    if task == 0:
        assert wait_for((folder / "3").exists)
    (folder / str(task)).touch()


def half_sent(task):
    """Die in the middle of sending a result."""
    if task == 3:
        whole = Connection._send

        def half(self, content, *args):
            whole(self, bytes(content)[: len(content) // 2], *args)
            os.kill(os.getpid(), signal.SIGKILL)

        Connection._send = half
        return b"x" * 1_000_000
    return task


def threads_at(_):
    return threads()


def unpicklable(_):
    return lambda: None


class Unreadable(Exception):
    """Can be sent, but not read: pickle gives only one argument back."""

    def __init__(self, one, two):
        super().__init__(one)


def unreadable(_):
    raise Unreadable(1, 2)
