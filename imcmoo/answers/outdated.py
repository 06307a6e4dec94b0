"""Stored results of an older cost model."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from imcmoo.io.errors import InputError
from imcmoo.io.reading import read_json
from imcmoo.model import registry

FILES = ("config.json", "certificate.json", "model_versions.json")
"""Files that state the versions of cost models of the results beside them."""

COLUMNS = ("folder", "model", "version", "current")


def outdated(folder: str | Path = "results") -> pd.DataFrame:
    """Find results of older cost models than those of this package.

    Args:
        folder: searched with all folders in it.

    Returns:
        A row for each folder of outdated results: folder, model ("physical" or "reference"),
        version of the results, current version.

    Raises:
        InputError: there is no such folder, or a file in it is damaged.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    current = registry.versions(None)
    rows = {
        (str(path.parent), model, version, current[model])
        for path in sorted(folder.rglob("*.json"))
        if path.name in FILES
        for model, version in _versions(path).items()
        if model in current and version < current[model]
    }
    return pd.DataFrame(sorted(rows), columns=[*COLUMNS])


def _versions(path: Path) -> dict[str, int]:
    """Versions of cost models that a file states; none if it is no record of results."""
    try:
        content = read_json(path)
    except (OSError, ValueError) as error:
        raise InputError(str(error)) from None
    if not isinstance(content, dict):
        return {}
    stamp = content.get("stamp", content)
    versions = stamp.get("versions", {}) if isinstance(stamp, dict) else {}
    if not isinstance(versions, dict):
        return {}
    return {name: version for name, version in versions.items() if isinstance(version, int)}
