"""Checksums: of the files of a folder, as `sha256sum` writes and checks them, and in JSON files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from imcmoo.io.errors import InputError
from imcmoo.io.files import replacing

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
    """The checksums in `SHA256SUMS`, by name of the file."""
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


def content_checksum(content: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of all fields of a JSON file but its `checksum`."""
    fields = {name: value for name, value in content.items() if name != "checksum"}
    return hashlib.sha256(json.dumps(fields).encode()).hexdigest()


def write_checked_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file whose last field is the `checksum` of all others."""
    checked = {**content, "checksum": content_checksum(content)}
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(checked, indent=2) + "\n", encoding="utf-8")
