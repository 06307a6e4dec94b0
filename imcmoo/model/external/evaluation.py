"""One evaluation by a function or command that may be slow, hang or crash."""

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
"""Physical value of each parameter by name: plain numbers and texts, SI units."""

Answer = Mapping[str, Any]
"""By quantity: a number, or a number by network; None or NaN where a network does not run."""


class EvaluationFailed(Exception):
    """An evaluation gave no answer; one line says why."""


class Evaluation(Protocol):
    """Evaluates a design; called from several threads at once."""

    def __call__(self, design: Design, networks: Sequence[str]) -> Answer:
        """Return the costs of a design on networks.

        Raises:
            EvaluationFailed: the evaluation crashed, timed out or was ended.
        """

    def end(self) -> None:
        """End all running evaluations at once."""


class Function:
    """Evaluate designs by a Python function in separate processes, which a crash or time-out ends.

    Use it as `evaluation` of an `ExternalModel`. Processes are reused for further designs.

    Args:
        function: takes a design and the names of the networks, and returns an `Answer`. It must be
            defined at the top level of a module.
        timeout_s: time limit of one evaluation, s. If None, there is no limit.
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
        """Return the answer of the function; see `Evaluation`."""
        process = self._taken()
        is_well = False
        try:
            # The time limit excludes the imports of the process.
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
        """End all its processes."""
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
    """Evaluate designs by a command, one process per design.

    Use it as `evaluation` of an `ExternalModel`. The command reads `{"design": {name: value},
    "networks": [name]}` from stdin and writes an `Answer` to stdout, both JSON. A non-zero exit
    code is a failure; the last line of stderr is reported.

    Args:
        words: the program and its arguments.
        timeout_s: time limit of one evaluation, s. If None, there is no limit.

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
        """Return the answer of the command; see `Evaluation`."""
        asked = json.dumps({"design": dict(design), "networks": list(networks)})
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            self._words,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            encoding="utf-8",
            errors="replace",  # its output may be no text
            start_new_session=True,  # a time-out also ends its child processes
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
        """End all its processes."""
        with self._lock:
            for process in self._running:
                _kill(process)


def _kill(process: subprocess.Popen[str]) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL) if os.name == "posix" else process.kill()


def _read(code: int, written: str, errors: str) -> Answer:
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
    """Last line that is not empty, shortened."""
    lines = text.strip().splitlines()
    return lines[-1].strip()[:200] if lines else ""
