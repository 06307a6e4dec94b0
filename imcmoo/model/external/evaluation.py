"""One evaluation by something that may be slow, hang or crash: a function, or a command."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import BrokenExecutor, wait
from contextlib import suppress
from typing import Any, Protocol

from imcmoo.io.processes import Processes
from imcmoo.io.reading import of_json

Design = Mapping[str, Any]
"""Physical value of each parameter by name, plain numbers and words in SI units."""

Answer = Mapping[str, Any]
"""By name of a quantity: a number, or a number by network; None or NaN of what does not run."""


class EvaluationFailed(Exception):
    """An evaluation that gave no answer; one line says why."""


class Evaluation(Protocol):
    """Evaluates a design, from several threads at once."""

    def __call__(self, design: Design, networks: Sequence[str]) -> Answer:
        """Costs of a design on networks of these names.

        Raises:
            EvaluationFailed: it crashed, took too long or was ended.
        """

    def end(self) -> None:
        """End what is being evaluated, at once."""


class Function:
    """Calls a function, in processes of its own that a crash or a time-out ends.

    A process is kept for the next design as long as it is well.

    Args:
        function: of a design and the names of the networks; found by its name in a new process, so
            it must be one of a module.
        timeout_s: longest time of one evaluation; None for no limit.
    """

    def __init__(
        self, function: Callable[[dict[str, Any], list[str]], Answer], *, timeout_s: float | None
    ) -> None:
        self._function = function
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._idle: list[Processes] = []
        self._busy: list[Processes] = []

    def __call__(self, design: Design, networks: Sequence[str]) -> Answer:
        """Answer of the function; see `Evaluation`."""
        process = self._taken()
        is_well = False
        try:
            # What it imports to begin with is no part of the evaluation.
            process.submit(os.getpid).result()
            future = process.submit(self._function, dict(design), list(networks))
            if not wait([future], self._timeout_s).done:
                raise EvaluationFailed(f"took longer than {self._timeout_s:g} s")
            error = future.exception()
            if isinstance(error, BrokenExecutor):
                raise error
            is_well = True
            if error is not None:
                raise EvaluationFailed(_line(f"{type(error).__name__}: {error}"))
            answer: Answer = future.result()
            return answer
        except BrokenExecutor:
            raise EvaluationFailed(f"its process {process.loss()}") from None
        finally:
            self._give_back(process, is_well)

    def end(self) -> None:
        """End all its processes, whatever they do."""
        with self._lock:
            processes = self._idle + self._busy
            self._idle = []
        for process in processes:
            process.end()

    def _taken(self) -> Processes:
        with self._lock:
            process = self._idle.pop() if self._idle else Processes(1)
            self._busy.append(process)
        return process

    def _give_back(self, process: Processes, is_well: bool) -> None:
        with self._lock:
            self._busy.remove(process)
            if is_well:
                self._idle.append(process)
        if not is_well:
            process.end()


class Command:
    """Runs a command for each design.

    It reads `{"design": {name: value}, "networks": [name]}` and writes its answer, both JSON, on
    the standard streams. Another exit code than 0 is a crash, reported with the last line
    of its errors.

    Args:
        words: the program and its arguments.
        timeout_s: longest time of one evaluation; None for no limit.

    Raises:
        ValueError: there is no such program.
    """

    def __init__(self, words: Sequence[str], *, timeout_s: float | None) -> None:
        if shutil.which(words[0]) is None:
            raise ValueError(f"command '{words[0]}' is no program that can be run")
        self._words = list(words)
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._running: list[subprocess.Popen[str]] = []

    def __call__(self, design: Design, networks: Sequence[str]) -> Answer:
        """Answer of the command; see `Evaluation`."""
        asked = json.dumps({"design": dict(design), "networks": list(networks)})
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            self._words,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            encoding="utf-8",
            errors="replace",  # what it says need not be text
            start_new_session=True,  # it is ended with all that it has started
        )
        with self._lock:
            self._running.append(process)
        with process:
            try:
                written, errors = process.communicate(asked, self._timeout_s)
            except subprocess.TimeoutExpired:
                raise EvaluationFailed(f"took longer than {self._timeout_s:g} s") from None
            finally:
                _kill(process)
                with self._lock:
                    self._running.remove(process)
        return _read(process.returncode, written, errors)

    def end(self) -> None:
        """End all its processes, whatever they do."""
        with self._lock:
            for process in self._running:
                _kill(process)


def _kill(process: subprocess.Popen[str]) -> None:
    """End a command and what it has started, unless it has ended."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL) if os.name == "posix" else process.kill()


def _read(code: int, written: str, errors: str) -> Answer:
    """The answer a command wrote."""
    message = f": {_line(errors)}" if errors.strip() else ""
    if code < 0:
        raise EvaluationFailed(f"was ended by {signal.Signals(-code).name}{message}")
    if code:
        raise EvaluationFailed(f"exit code {code}{message}")
    try:
        answer: Answer = of_json(written, "answer")
    except ValueError:
        raise EvaluationFailed(f"its answer is not JSON: {_line(written) or 'nothing'}") from None
    return answer


def _line(text: str) -> str:
    """The last line that says something, not too long."""
    lines = text.strip().splitlines()
    return lines[-1].strip()[:200] if lines else ""
