"""Common parts of all command lines: one clear line for each error."""

from __future__ import annotations

import argparse
import atexit
import gc
import io
import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, NoReturn

from imcmoo.cli.interrupts import INTERRUPTED
from imcmoo.io.blas import use_one_thread
from imcmoo.io.printable import printable, printable_line

FAILED = 1
USAGE_ERROR = 2
SIGNALLED = 128
"""What the number of the signal that ended a program is added to."""

NARROWEST = 20
"""Columns of the narrowest terminal that tables are laid out for; below 12, Rich lays out none."""

OBJECTS_BETWEEN_COLLECTIONS = 500_000
"""New objects after which Python looks for reference cycles. Its default of 700 takes a tenth of
the time of a run, since nearly all objects are modules, or arrays without cycles."""


AGAIN_S = 0.01
"""Seconds after which a dropped Ctrl-C is delivered again."""


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line, without the usage in front of it."""

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """Leave; nothing is left to interrupt while the interpreter ends."""
        atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)
        super().exit(status, message)

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and leave with exit code 2."""
        line = printable(f"{self.prog}: error: {message} (--help shows the options)")
        self.exit(USAGE_ERROR, f"{line}\n")


def run(prog: str, main: Callable[[], None], *, interrupted: str) -> int:
    """Run a command and turn what can go wrong outside the program into one line on stderr.

    Call `configure_process` first.

    Args:
        prog: the command's name, in front of the line.
        main: does the work; an `InputError` or `OSError` from it is the user's to solve, any
            other exception is a defect of ours and keeps its traceback.
        interrupted: what to say after Ctrl-C.

    Returns:
        The exit code: 0, 1 if a worker process was lost, 2 after an error, 130 after Ctrl-C.
        SIGTERM ends the program with 143, SIGHUP with 129 unless it is ignored, as under nohup.
    """
    sys.unraisablehook = _interrupt_again
    try:
        _end_by_exception()
        # Imported here: Ctrl-C before is answered by `interrupts.starting`.
        from imcmoo.io.named import call_reporting

        call_reporting(main)
    except BaseException as error:
        return _told(prog, error, interrupted)
    finally:
        # Nothing is left to interrupt while the interpreter ends.
        atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)
        # Memory is freed at exit; a search for cycles would take 0.17 s.
        atexit.register(gc.freeze)
    return 0


def _told(prog: str, error: BaseException, interrupted: str) -> int:
    """Print one line about what ended a command; returns the exit code."""
    from imcmoo.io.errors import InputError
    from imcmoo.io.executor import WorkerLost

    if isinstance(error, InputError | WorkerLost):
        print(printable(f"{prog}: error: {error}"), file=sys.stderr)
        return FAILED if isinstance(error, WorkerLost) else USAGE_ERROR
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        print(printable_line(f"{prog}: error: {where}{error.strerror or error}"), file=sys.stderr)
        return USAGE_ERROR
    # Libraries interrupted during their import raise other errors.
    if not any(isinstance(e, KeyboardInterrupt) for e in _with_causes(error)):
        raise error
    print(f"{prog}: interrupted; {interrupted}", file=sys.stderr)
    return INTERRUPTED


def _interrupt_again(unraisable: Any) -> None:
    """Deliver Ctrl-C once more if Python dropped it, as it does in destructors and callbacks."""
    if isinstance(unraisable.exc_value, KeyboardInterrupt):
        threading.Timer(AGAIN_S, os.kill, (os.getpid(), signal.SIGINT)).start()
    else:
        sys.__unraisablehook__(unraisable)


def configure_process() -> None:
    """Let no setting of the interpreter, the terminal or other programs cost a result or time.

    To be called before NumPy is imported.
    """
    use_one_thread()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    # Figures are files: a window may not be available.
    os.environ["MPLBACKEND"] = "agg"
    if shutil.get_terminal_size().columns < NARROWEST:
        os.environ["COLUMNS"] = str(NARROWEST)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # characters that its encoding lacks


def _with_causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and those in whose handling it was raised, the last first."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _end_by_exception() -> None:
    """Let SIGTERM and SIGHUP end the program by an exception: locks and temporary files go."""
    if threading.current_thread() is not threading.main_thread():
        return
    signal.signal(signal.SIGTERM, _end)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _end)


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    if number != signal.SIGTERM:  # a closed terminal and its shell both send this signal
        signal.signal(number, signal.SIG_IGN)
    sys.exit(SIGNALLED + number)
