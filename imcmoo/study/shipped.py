"""The studies that come with the package, read from `problems/`."""

from __future__ import annotations

from functools import cache

from imcmoo.study.spaces import folder
from imcmoo.study.study import Study, read_study


def study_names() -> list[str]:
    """Names of the shipped studies, which are those of their files, in alphabetical order."""
    return sorted(path.stem for path in (folder() / "studies").glob("*.toml"))


@cache
def study(name: str) -> Study:
    """The shipped study of a name; the others are not read, nor their cost models imported."""
    read = read_study(folder() / "studies" / f"{name}.toml", shipped=True)
    assert isinstance(read, Study), "shipped studies are of one device each"
    return read


def studies() -> dict[str, Study]:
    """Every shipped study by name, in alphabetical order."""
    return {name: study(name) for name in study_names()}
