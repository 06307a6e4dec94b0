"""What a stored result depends on, as a hash: the code that made it and the data it read."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from importlib.util import find_spec, resolve_name
from pathlib import Path
from typing import Any

LIBRARIES = ("matplotlib", "moocore", "numpy", "pandas", "pymoo", "scipy", "seaborn")
"""Whatever of others' can change a digit of a result or a pixel of a figure."""


def code_digest(*modules: str, data: Iterable[Path] = ()) -> str:
    """SHA-256 (hex) of the sources of some modules and of all of ours that they import.

    Follows import statements in the text, so nothing is run and no module need be listed by hand:
    what a result depends on is what its code can reach.

    Args:
        modules: dotted names, such as `imcmoo.exact.enumeration`; what they import is followed
            within `imcmoo` and within their own packages, not to other modules of a folder that is
            no package.
        data: files that the code reads.

    Raises:
        ModuleNotFoundError: there is no such module with a source.
    """
    found: dict[str, Path] = {}
    waiting = list(modules)
    packages = {"imcmoo", *(name.split(".")[0] for name in modules)}
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        path = _source(name)
        if path is None:
            if name in modules:
                raise ModuleNotFoundError(f"no source of module {name}", name=name)
            continue
        found[name] = path
        waiting += [n for n in _imported(name, path) if n.split(".")[0] in packages]
    digest = hashlib.sha256()
    for name in sorted(found):
        digest.update(name.encode())
        digest.update(found[name].read_bytes().replace(b"\r\n", b"\n"))
    for file in data:
        digest.update(file.read_bytes())
    return digest.hexdigest()


@cache
def _source(name: str) -> Path | None:
    """The file of a module; None for what is no module, such as a function of one."""
    try:
        spec = find_spec(name)
    except ModuleNotFoundError:
        return None
    return Path(spec.origin) if spec and spec.origin and spec.has_location else None


@cache
def _imported(name: str, path: Path) -> tuple[str, ...]:
    """Dotted names a module imports; a name imported from a package may be a module of it."""
    package = name if path.stem == "__init__" else name.rpartition(".")[0]
    return tuple(_names(package, path))


def _names(package: str, path: Path) -> Iterator[str]:
    for node in _run(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from _with_parents(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # Dots in front begin at the module's own package, or at those above it.
            module = resolve_name("." * node.level + (node.module or ""), package)
            yield from _with_parents([module])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def _run(node: ast.AST) -> Iterator[ast.AST]:
    """All that may be run: a node and those in it, but for what only type checkers read."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"):
            yield from _run(child)


def _with_parents(names: Iterable[str]) -> Iterator[str]:
    """Modules and the packages they are in, whose `__init__` runs first."""
    for name in names:
        parts = name.split(".")
        yield from (".".join(parts[: i + 1]) for i in range(len(parts)))


def module_of(function: Callable[..., Any]) -> str:
    """Dotted name of the module a function, or what a partial calls, is from."""
    while isinstance(function, partial):
        function = function.func
    return function.__module__
