"""The first module of every command: from here on Ctrl-C is answered in one line.

It imports next to nothing, since whatever is imported before cannot be interrupted in one line.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

INTERRUPTED = 130
"""Exit code after Ctrl-C."""


def main(argv: list[str] | None = None) -> int:
    """Run one command of `imcmoo`; returns the exit code."""
    with starting("imcmoo"):
        from imcmoo.cli.main import main as run_command
    return run_command(argv)


@contextmanager
def starting(prog: str) -> Iterator[None]:
    """Let Ctrl-C end the program at once, in one line, while modules are imported.

    An exception would not do: some libraries swallow it, others turn it into one of their own.
    Also configures the process, before NumPy is imported.

    Args:
        prog: the command's name, in front of the line.
    """

    def leave(*_: object) -> None:
        os.write(2, f"{prog}: interrupted; nothing was begun\n".encode())
        os._exit(INTERRUPTED)

    before = signal.getsignal(signal.SIGINT)
    is_default = before is signal.default_int_handler  # not ignored, as under nohup, nor taken
    try:
        if is_default:
            signal.signal(signal.SIGINT, leave)
    except ValueError:  # not the main thread, which is the only one that is interrupted
        is_default = False
    try:
        from imcmoo.cli.command_line import configure_process

        configure_process()
        yield
    finally:
        if is_default:
            signal.signal(signal.SIGINT, before)
