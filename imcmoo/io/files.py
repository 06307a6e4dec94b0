"""Files that are either complete or not there.

What a block leaves unfinished is removed when it ends by an exception. A signal that ends the
process at once raises none: a command line that wants SIGTERM to leave nothing behind must turn it
into one, as Python itself does with SIGINT.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from imcmoo.io.errors import InputError

TEMPORARY = re.compile(r"\..*\.[0-9a-f]{16}\.tmp")
"""Names of the temporary files."""

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
    name = f".{path.name[:LONGEST_START]}.{secrets.token_hex(8)}.tmp"
    temporary = path.with_name(name)
    try:
        # Created by us and nobody else: never through a link that somebody put there.
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    try:
        if path.is_file():
            temporary.chmod(stat.S_IMODE(path.stat().st_mode))
        with naming(path):
            yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """What to open for writing so that `path` gets new content, whatever `path` is.

    A plain file appears whole or not at all, as by `replacing`, and a link keeps pointing to it.
    A device or pipe is written to directly: what has gone through it cannot be taken back.

    Raises:
        OSError: `path` cannot be written; raised before the block runs, and names `path`.
    """
    try:
        path.stat()
        exists = True
    except FileNotFoundError:
        exists = False  # to be made, perhaps where a link already points
    _check_writable(path)
    target = path.resolve()
    if exists and not (target.is_file() or target.is_dir()):
        with naming(path):
            yield path
        return
    with replacing(target) as temporary:
        yield temporary


@contextmanager
def naming(path: Path) -> Iterator[None]:
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
    anew after them. Takes no lock, so it needs no right to write and holds up no writer.

    Args:
        seal: the file that is removed first and written last.

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


def clear_temporary(folder: Path) -> None:
    """Remove what writers that were killed have left in a folder of one's own."""
    for path in folder.glob(".*.tmp"):
        if TEMPORARY.fullmatch(path.name):
            path.unlink(missing_ok=True)


def _state(file: Path) -> tuple[int, int, bytes]:
    status = file.stat()
    return status.st_ino, status.st_mtime_ns, file.read_bytes()


def _check_writable(path: Path) -> None:
    """Check what taking the place of a file would not: that it may be written itself."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if path.exists() and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
