"""Folders that belong to one process at a time."""

from __future__ import annotations

import errno
import os
import re
import socket
import stat
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from imcmoo.io.errors import InputError
from imcmoo.io.files import HAVE_LOCKS, clear_temporary

if HAVE_LOCKS:
    import fcntl

LOCK = ".lock"
"""Name of the file in a folder that is locked; holds the owner's process id and host."""

CONTENT = re.compile(rb"(\d+ \S+\n)?")
"""What a lock file may hold: nothing, or the line of an owner."""

LONGEST = 1000
"""Bytes of a lock file that are read; the line of an owner is far shorter."""

PATIENCE_S = 5.0
"""How long an owner may take between locking the file and naming itself in it."""

BUSY = (errno.EACCES, errno.EAGAIN)
"""How the operating system says that another holds a lock."""

LINK = (errno.ELOOP, getattr(errno, "EMLINK", errno.ELOOP), getattr(errno, "EFTYPE", errno.ELOOP))
"""How operating systems say that a file is a symbolic link: Linux, FreeBSD, NetBSD."""

_held: set[int] = set()
"""Descriptors of the locks of this process."""


def _close_copies() -> None:
    """Close the copies in a forked process, so that locks end with the process that took them."""
    for lock in _held:
        os.close(lock)
    _held.clear()


if HAVE_LOCKS:
    os.register_at_fork(after_in_child=_close_copies)


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Lock a folder: no other process, nor another block of this one, holds it meanwhile.

    The folder is made if needed, and removed again if nothing was put there. What writers that were
    killed have left in it is removed. The lock is advisory (it stops only processes that ask for
    it) and ends with the process, however that ends. Where the system has no such locks (`fcntl`) a
    warning says so, the folder is made, and the block runs.

    Raises:
        InputError: another owns the folder, whose process and host are named; or what is called
            `.lock` there is no lock file of ours, and is left as it is.
        OSError: the folder cannot be made or written to; names the path.
    """
    if not HAVE_LOCKS:
        folder.mkdir(parents=True, exist_ok=True)
        warnings.warn(f"this system cannot lock {folder}: start nothing else there", stacklevel=3)
        yield
        return
    made = [f for f in (folder, *folder.parents) if not f.exists()]
    lock = _acquired(folder)
    _held.add(lock)
    try:
        clear_temporary(folder)
        yield
    finally:
        # Removed while it is locked: whoever waits for this file finds that it is no longer there.
        if _is_at(lock, folder / LOCK):
            (folder / LOCK).unlink(missing_ok=True)
        _held.discard(lock)
        os.close(lock)
        with suppress(OSError):  # something is in it
            for empty in made:
                empty.rmdir()


def _acquired(folder: Path) -> int:
    """A descriptor of the folder's lock file, locked by us and naming us."""
    path = folder / LOCK
    patience = time.monotonic() + PATIENCE_S
    while True:
        lock = _opened(path)
        try:
            _check_plain(lock, path)
            if _locks(lock, path):
                if _is_at(lock, path):
                    if not CONTENT.fullmatch(os.pread(lock, LONGEST, 0)):
                        raise _no_lock(path, "a file with other content")
                    os.ftruncate(lock, 0)  # whom a killed process named is no owner
                    os.write(lock, f"{os.getpid()} {socket.gethostname()}\n".encode())
                    return lock
            elif (owner := _owner(lock)) or time.monotonic() > patience:
                raise InputError(
                    f"{folder} is in use by {owner or 'another process'}: "
                    "wait for it to end, or choose another folder"
                )
            else:
                time.sleep(0.01)  # its owner is about to name itself
        except BaseException:
            os.close(lock)
            raise
        os.close(lock)


def _opened(path: Path) -> int:
    """Open the lock file, also where a leaving owner has just removed the folder."""
    folder = path.parent
    for _ in range(1000):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
        except FileNotFoundError:
            continue
        except FileExistsError:  # said, too, of a folder that is gone when it is looked at
            if folder.exists() and not folder.is_dir():
                raise
        except OSError as error:
            if error.errno in LINK:
                raise _no_lock(path, "a symbolic link") from None
            raise
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))


def _check_plain(lock: int, path: Path) -> None:
    """Check that an open file is a regular one and has no other name."""
    status = os.fstat(lock)
    if not stat.S_ISREG(status.st_mode):
        raise _no_lock(path, "not a regular file")
    if status.st_nlink > 1:  # none: a leaving owner has removed it
        raise _no_lock(path, "a hard link to another file")


def _no_lock(path: Path, what: str) -> InputError:
    return InputError(
        f"{path} is {what}, not a lock file of imcmoo: move it away, or choose another folder"
    )


def _locks(lock: int, path: Path) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in BUSY:
            return False
        raise OSError(error.errno, error.strerror, str(path)) from None
    return True


def _is_at(lock: int, path: Path) -> bool:
    """Tell whether an open file is still the one at a path."""
    try:
        return os.path.samestat(os.fstat(lock), path.stat())
    except FileNotFoundError:
        return False


def _owner(lock: int) -> str | None:
    """The owner named in a lock file; None before the owner has written its name."""
    words = os.pread(lock, LONGEST, 0).decode(errors="replace")
    if not words.endswith("\n"):
        return None
    process, _, host = words.strip().partition(" ")
    return f"process {process} on {host}"
