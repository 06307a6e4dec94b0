"""Files that are either complete or not there.

What a block leaves unfinished is removed when it ends by an exception. A signal that ends the
process at once raises none: a command line that wants SIGTERM to leave nothing behind must turn it
into one, as Python itself does with SIGINT. What a process that was killed has left is removed by
the next that writes the same file: a temporary file is locked while its writer lives.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from imcmoo.io.errors import InputError

try:
    import fcntl
except ImportError:  # not a POSIX system
    HAVE_LOCKS = False
else:
    HAVE_LOCKS = True

TEMPORARY = re.compile(r"\..*\.[0-9a-f]{16}\.tmp")
"""Names of the temporary files."""

LONGEST_HEADER = 1 << 16
"""Bytes from its beginning by which a file is known."""

LONGEST_START = 48
"""Characters of a name its temporary one begins with: 255 bytes are allowed, of up to 4 each."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file beside `path` that takes its place when the block ends well.

    Whoever reads `path` sees the old file or the whole new one, also after a kill or a full disk.
    The new file has the permissions of the old one, or those a plain `open` gives. A link is
    replaced by a file; see `writing`.

    Raises:
        OSError: `path` cannot be written; raised before the block runs, and names `path`.
    """
    _check_writable(path)
    try:
        temporary, lock = _temporary(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    try:
        if path.is_file():
            temporary.chmod(stat.S_IMODE(path.stat().st_mode))
        with name_os_errors(path):
            yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
        os.close(lock)


@contextmanager
def writing(
    path: Path, *, ours: re.Pattern[bytes] | None = None, force: bool = False
) -> Iterator[Path]:
    """Yield the path to open for writing so that `path`, whatever it is, gets new content.

    A plain file appears whole or not at all, as by `replacing`, and a link keeps pointing to it.
    A device or pipe is written to directly: what has gone through it cannot be taken back.

    Args:
        path: to be written.
        ours: how a file begins that may be written over; any may by default, an empty one always.
        force: write over any file.

    Raises:
        InputError, OSError: `path` is another file, and `force` is not set, or cannot be written;
            before the block runs.
    """
    try:
        path.stat()
        exists = True
    except FileNotFoundError:
        exists = False  # to be made, perhaps where a link already points
    _check_writable(path)
    target = path.resolve()
    if exists and not (target.is_file() or target.is_dir()):
        with name_os_errors(path):
            yield path
        return
    foreign = exists and ours is not None and target.stat().st_size and not begins_as(target, ours)
    if foreign and not force:
        raise InputError(
            f"{path} is there and was not written by this command: choose another name, or write "
            "over it with force=True (--force)"
        )
    clear_temporary(target.parent, _start(target))
    with replacing(target) as temporary:
        yield temporary


@contextmanager
def name_os_errors(path: Path) -> Iterator[None]:
    """Name what was being written in errors that do not, as where there is no room left.

    Raises:
        OSError: as the block does.
    """
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno is not None:
            raise OSError(error.errno, error.strerror, str(path)) from None
        raise


@contextmanager
def unchanged(seal: Path) -> Iterator[None]:
    """Read several files that belong together: all of them are of one writer.

    For folders whose writer removes one file, the seal, before it touches the others and writes it
    again after them. Takes no lock, so it needs no right to write and holds up no writer.

    Raises:
        FileNotFoundError: there is no seal: nothing complete is here; raised before the block runs.
        InputError: files were replaced while the block read them.
    """
    before = _state(seal)
    failure: Exception | None = None
    try:
        yield
    except Exception as error:  # perhaps only because of files that do not belong together
        failure = error
    try:
        after = _state(seal)
    except FileNotFoundError:
        after = None
    if after != before:
        raise InputError(
            f"{seal.parent} was written anew while it was read; try again"
        ) from failure
    if failure is not None:
        raise failure


def check_own_folder(path: Path) -> None:
    """Check that a folder for unfinished work is a folder, or can be made.

    Raises:
        InputError: a file or a link has its name; what is in the way is left as it is.
    """
    is_link = path.is_symlink()
    if is_link or (path.exists() and not path.is_dir()):
        what = "a symbolic link" if is_link else "a file"
        raise InputError(
            f"{path} is {what}, not a folder of imcmoo: move it away, or choose another folder"
        )


def begins_as(path: Path, ours: re.Pattern[bytes]) -> bool:
    """Tell whether a path is a plain file that begins with a pattern."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return ours.match(file.read(LONGEST_HEADER)) is not None


def clear_temporary(folder: Path, start: str = ".") -> None:
    """Remove the temporary files whose names begin with `start` that killed writers have left in a
    folder."""
    for path in folder.glob(".*.tmp"):
        if path.name.startswith(start) and TEMPORARY.fullmatch(path.name):
            _remove_abandoned(path)


def _start(path: Path) -> str:
    """Prefix of the names of a path's temporary files."""
    return f".{path.name[:LONGEST_START]}."


def _temporary(path: Path) -> tuple[Path, int]:
    """A new temporary file beside a path, and a descriptor that holds its lock."""
    while True:
        temporary = path.with_name(f"{_start(path)}{secrets.token_hex(8)}.tmp")
        # Created by us and nobody else: never through a link that somebody put there.
        lock = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        if HAVE_LOCKS:
            with suppress(OSError):  # a file system without locks
                fcntl.flock(lock, fcntl.LOCK_EX)
        if temporary.exists():
            return temporary, lock
        os.close(lock)  # taken for an abandoned one before it was locked


def _remove_abandoned(temporary: Path) -> None:
    """Remove a temporary file if its writer is gone, so that nobody holds its lock."""
    if not HAVE_LOCKS:
        return
    with suppress(OSError):  # it has a writer, is gone, or is none of ours
        file = os.open(temporary, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            if stat.S_ISREG(os.fstat(file).st_mode):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                temporary.unlink()  # before the lock goes: its writer may be waiting for that
        finally:
            os.close(file)


def _state(file: Path) -> tuple[int, int, bytes]:
    status = file.stat()
    return status.st_ino, status.st_mtime_ns, file.read_bytes()


def _check_writable(path: Path) -> None:
    """Check what taking the place of a file would not: that it may be written itself."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if path.exists() and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
