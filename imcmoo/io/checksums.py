"""Checksums: of the files of a folder, as `sha256sum` writes and checks them, in JSON files, and
in front of bytes that are kept under a key."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from pathlib import Path

from imcmoo.io.errors import InputError
from imcmoo.io.files import replacing
from imcmoo.io.reading import LARGEST_WHOLE, check_regular

SUMS = "SHA256SUMS"


def write_sums(folder: Path, digests: Mapping[str, str]) -> None:
    """Write `SHA256SUMS` into a folder: SHA-256 (hex) of the files beside it, by their names."""
    lines = [f"{checksum}  {name}\n" for name, checksum in sorted(digests.items())]
    with replacing(folder / SUMS) as temporary:
        temporary.write_text("".join(lines), encoding="utf-8")


def check_sums(
    folder: Path,
    *,
    known: Collection[str],
    always: Collection[str],
    remedy: str,
    all_there: bool = True,
) -> None:
    """Check that `SHA256SUMS` of a folder lists its files, all of them, and each as it was written.

    Args:
        folder: has `SHA256SUMS`.
        known: names of the files that may be listed; one that is in the folder must be.
        always: those of them that must be listed, wherever they are.
        remedy: what the user can do, in words.
        all_there: False where a file may have been removed.

    Raises:
        InputError: one is missing or damaged, `SHA256SUMS` itself included; names it.
    """
    listed = _listed(folder, remedy)
    needed = {*always, *(name for name in known if (folder / name).is_file())}
    if not needed <= listed.keys() <= {*known}:
        raise InputError(f"{folder / SUMS} is damaged: {remedy}")
    for name, digest in listed.items():
        path = folder / name
        if not path.is_file():
            if all_there:
                raise InputError(f"{path} is missing: {remedy}")
        elif sha256(path) != digest:
            raise InputError(f"{path} is damaged: {remedy}")


def _listed(folder: Path, remedy: str) -> dict[str, str]:
    path = folder / SUMS
    try:
        *lines, last = path.read_bytes().decode().split("\n")
    except FileNotFoundError:
        raise InputError(f"{path} is missing: {remedy}") from None
    except ValueError:
        raise InputError(f"{path} is damaged: {remedy}") from None
    pairs = [line.split("  ", 1) for line in lines]
    digests = {pair[-1]: pair[0] for pair in pairs}
    if last or len(digests) < len(pairs) or any(len(pair) != 2 for pair in pairs):
        raise InputError(f"{path} is damaged: {remedy}")
    return digests


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(content: bytes) -> str:
    """SHA-256 of the content of a file, in hex."""
    return hashlib.sha256(content).hexdigest()


def content_checksum(content: Mapping[str, object]) -> str:
    """SHA-256 (hex) of all fields of a JSON file but its `checksum`."""
    fields = {name: value for name, value in content.items() if name != "checksum"}
    return hashlib.sha256(json.dumps(fields).encode()).hexdigest()


def write_checked_json(path: Path, content: Mapping[str, object]) -> None:
    """Write a JSON file whose last field is the `checksum` of all others."""
    checked = {**content, "checksum": content_checksum(content)}
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(checked, indent=2) + "\n", encoding="utf-8")


def write_sealed(path: Path, key: str, content: bytes) -> None:
    """Write bytes behind a checksum of them and of the key that they are kept under.

    Args:
        path: replaced, or unchanged after an error.
        key: what the content depends on; no key may begin with another one.
        content: the bytes.

    Raises:
        OSError: the file cannot be written.
    """
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(_seal(key, content))
        file.write(content)


def read_sealed(path: Path, key: str, *, at_most: int = LARGEST_WHOLE) -> bytes | None:
    """Read what `write_sealed` has written under a key.

    Args:
        path: may be anything, but is opened only if it is a regular file of a possible size.
        key: as given to `write_sealed`.
        at_most: largest number of bytes of the content; no limit by default.

    Returns:
        The content; None if there is no such file, or it is damaged or of another key.
    """
    size = hashlib.sha256().digest_size
    try:
        check_regular(path, size + at_most)
        stored = path.read_bytes()
    except (OSError, ValueError):
        return None
    content = stored[size:]
    return content if stored[:size] == _seal(key, content) else None


def _seal(key: str, content: bytes) -> bytes:
    digest = hashlib.sha256(key.encode())
    digest.update(content)
    return digest.digest()
