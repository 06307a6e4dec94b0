"""Digests of a user's code: named modules, and everything of the user's that they reach.

Reads files and runs nothing. Modules of this project, of the standard library and of installed
distributions are left out.
"""

from __future__ import annotations

import ast
import hashlib
import os
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache, partial
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec, resolve_name
from pathlib import Path
from typing import Any

from imcmoo.io.checksums import sha256

PROJECT = Path(__file__).parents[2]

OURS = ("imcmoo", "problems", "experiments")
"""Packages of this project: versions that a person raises stand for their code."""

INSTALLED = {"site-packages", "dist-packages"}

OUTPUT = {"__pycache__", "results"}
"""Folders within a package that hold no input."""

TAKE_NAMES = {
    *("import_module", "__import__", "run_module", "resolve_name"),
    *("files", "get_data", "open_binary", "open_text"),
}
"""Functions of the standard library that are given modules or packages by name."""

LONGEST_NAME = 255

MODULES_KEPT = 1 << 10
"""Modules whose names are kept: more than most packages have."""


def own_code(modules: Iterable[str]) -> dict[str, str]:
    """Digests of a user's modules and of all that they import outside installed distributions.

    Imports are read from the source text, within functions, too, and so are the names that
    `import_module` and `importlib.resources.files` are given and those in `__all__`. Of each
    package that is reached, every file that is no Python counts, but for hidden ones and those in
    folders called `results`; so does every file beside a module whose relative path is a string in
    the module, or strings joined by `/`.

    Args:
        modules: dotted names. Those of this project are left out; an installed one counts with its
            whole package.

    Returns:
        SHA-256 (hex) by module name, by `files of PACKAGE` and by `MODULE: file`; empty where no
        module is a user's.
    """
    named = {name.split(".")[0] for name in modules}
    digests: dict[str, str] = {}
    seen: set[str] = set()
    waiting: list[tuple[str, Path | None]] = [(name, None) for name in _with_parents(modules)]
    while waiting:
        name, beside = waiting.pop()
        spec = None if name in seen else _find(name, beside)
        seen.add(name)
        if spec is None or not _is_users(spec, counts=name.split(".")[0] in named):
            continue
        if "." not in name and spec.submodule_search_locations:
            digests |= _package_files(name, spec.submodule_search_locations)
        if spec.origin is None or not Path(spec.origin).is_file():
            continue  # a package without __init__
        path = Path(spec.origin)
        content = path.read_bytes().replace(b"\r\n", b"\n")
        digests[name] = hashlib.sha256(content).hexdigest()
        package = name if spec.submodule_search_locations else name.rpartition(".")[0]
        imported, texts = _names_in(content, package)
        waiting += [(each, path.parent) for each in imported]
        digests |= {f"{name}: {text}": sha256(file) for text, file in _named_files(texts, path)}
    return dict(sorted(digests.items()))


def module_of(function: Callable[..., Any]) -> str:
    """Dotted name of the module a function, or what a partial calls, is from."""
    while isinstance(function, partial):
        function = function.func
    return function.__module__


def project_digest() -> str:
    """SHA-256 (hex) of all modules of this project as they are installed on this machine."""
    digest = hashlib.sha256()
    for path in sorted(p for name in OURS for p in (PROJECT / name).rglob("*.py")):
        digest.update(path.relative_to(PROJECT).as_posix().encode())
        digest.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()


def _find(name: str, beside: Path | None) -> ModuleSpec | None:
    """Locate a module without running its parents, which `find_spec` would."""
    top, *children = name.split(".")
    if top == OURS[0]:
        return None
    try:
        spec = find_spec(top)
    except (ImportError, ValueError):  # a script that is run is no module of its own name
        file = getattr(sys.modules.get(top), "__file__", None)
        spec = ModuleSpec(top, None, origin=file) if file else None
    if spec is None and beside is not None:
        spec = PathFinder.find_spec(top, [str(beside)])
    for part in children:
        if spec is None or spec.submodule_search_locations is None:
            return None
        top = f"{top}.{part}"
        spec = PathFinder.find_spec(top, list(spec.submodule_search_locations))
    return spec


def _is_users(spec: ModuleSpec, *, counts: bool) -> bool:
    places = [spec.origin] if spec.has_location or spec.loader is None else []
    places += spec.submodule_search_locations or []
    paths = [Path(place).absolute() for place in places if place]
    if not paths or any(p.is_relative_to(PROJECT / package) for p in paths for package in OURS):
        return False
    if any(INSTALLED & set(p.parts) for p in paths):
        return counts
    return not any(p.is_relative_to(sysconfig.get_path("stdlib")) for p in paths)


@lru_cache(maxsize=MODULES_KEPT)
def _names_in(content: bytes, package: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Dotted names that a module imports, and strings that may name files; cached."""
    run, skipped = _nodes(_parsed(content))
    nodes = [*run, *(node for tree in skipped for node in ast.walk(tree))]
    joined = (_joined_path(node) for node in nodes if isinstance(node, ast.BinOp))
    texts = dict.fromkeys([*_texts(nodes), *joined])
    return tuple(_imported(run, package)), tuple(filter(_may_be_path, texts))


def _may_be_path(text: str) -> bool:
    return 0 < len(text) <= LONGEST_NAME and text.isprintable() and not Path(text).anchor


def _parsed(content: bytes) -> ast.AST:
    """The source of a module; an empty one where it is no Python text."""
    try:
        return ast.parse(content)
    except (SyntaxError, ValueError, RecursionError):
        return ast.Module([], [])


def _imported(nodes: Sequence[ast.AST], package: str) -> Iterator[str]:
    """Dotted names that a module imports; a name from a package may be a module of it."""
    imports = [alias for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names]
    takers = TAKE_NAMES | {a.asname for a in imports if a.name in TAKE_NAMES}
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from _with_parents(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = _absolute("." * node.level + (node.module or ""), package)
            yield from _with_parents([module, *(f"{module}.{alias.name}" for alias in node.names)])
        elif isinstance(node, ast.Call) and _last_name(node.func) in takers:
            names = (text.partition(":")[0] for text in _texts(node.args))
            yield from _with_parents(_absolute(name, package) for name in names)
        elif isinstance(node, ast.Assign) and "__all__" in map(_last_name, node.targets):
            parts = _texts(ast.walk(node.value))
            yield from _with_parents(f"{package}.{part}" for part in parts)


def _absolute(name: str, package: str) -> str:
    """A name without leading dots, which begin at the module's own package; empty above the top."""
    try:
        return resolve_name(name, package) if name.startswith(".") else name
    except ImportError:
        return ""


def _texts(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """The strings among some nodes."""
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _nodes(tree: ast.AST) -> tuple[list[ast.AST], list[ast.AST]]:
    """All nodes of a tree without those that only type checkers read, and the trees of these."""
    nodes: list[ast.AST] = []
    skipped: list[ast.AST] = []
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        nodes.append(node)
        if isinstance(node, ast.If) and _last_name(node.test) == "TYPE_CHECKING":
            skipped += [node.test, *node.body]
            waiting += node.orelse
            continue
        for name in node._fields:  # three times as fast as `ast.iter_child_nodes`
            child = getattr(node, name, None)
            if isinstance(child, list):
                waiting += [each for each in child if isinstance(each, ast.AST)]
            elif isinstance(child, ast.AST):
                waiting.append(child)
    return nodes, skipped


def _last_name(node: ast.AST) -> str:
    """`c` of `a.b.c`; empty of what is no name."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _with_parents(names: Iterable[str]) -> Iterator[str]:
    """Modules and the packages they are in, whose `__init__` runs first."""
    for name in names:
        parts = name.split(".")
        if all(part.isidentifier() for part in parts):
            yield from (".".join(parts[: i + 1]) for i in range(len(parts)))


def _named_files(texts: Iterable[str], module: Path) -> Iterator[tuple[str, Path]]:
    """Files beside a module that one of its strings names by their relative path."""
    for text in texts:
        path = module.parent / text
        if path != module and path.is_file():
            yield text, path


def _joined_path(node: ast.AST) -> str:
    """`a/b` of `folder / "a" / "b"`; empty of what is no such path."""
    if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)):
        return ""
    parts = [*_texts([node.right])]
    return "/".join(filter(None, [_joined_path(node.left), *parts])) if parts else ""


def _package_files(package: str, folders: Iterable[str]) -> dict[str, str]:
    """One digest of all files of a package that are no Python; none where it has none."""
    digest, n = hashlib.sha256(), 0
    for folder in folders:
        for path in _files(Path(folder)):
            digest.update(f"{path.relative_to(folder).as_posix()} {sha256(path)}\n".encode())
            n += 1
    return {f"files of {package}": digest.hexdigest()} if n else {}


def _files(folder: Path) -> Iterator[Path]:
    """Files that are input, in order."""
    for home, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if f not in OUTPUT and not f.startswith("."))
        paths = [Path(home, name) for name in sorted(names) if not name.startswith(".")]
        yield from (p for p in paths if p.suffix not in (".py", ".pyc") and p.is_file())
