"""Ctrl-C while modules are imported, answered in one line.

Every command imports this module first. It imports next to nothing itself, since an interrupt that
arrives before it is loaded cannot be answered.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

INTERRUPTED = 130
"""Exit code after Ctrl-C."""


@contextmanager
def starting(prog: str) -> Iterator[None]:
    """Let Ctrl-C end the program at once, in one line, while modules are imported.

    An exception would not do: some libraries swallow it, others turn it into one of their own.
    """

    def leave(*_: object) -> None:
        os.write(2, f"{prog}: interrupted; nothing was begun\n".encode())
        os._exit(INTERRUPTED)

    before = signal.getsignal(signal.SIGINT)
    # Neither ignored (nohup) nor handled by others.
    is_default = before is signal.default_int_handler
    try:
        if is_default:
            signal.signal(signal.SIGINT, leave)
    except ValueError:  # not the main thread, which is the only one that is interrupted
        is_default = False
    try:
        yield
    finally:
        if is_default:
            signal.signal(signal.SIGINT, before)
