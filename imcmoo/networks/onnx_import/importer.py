"""Import of a network from an ONNX file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from imcmoo.io.errors import InputError
from imcmoo.io.named import one_line
from imcmoo.networks.onnx_import.account import Account, Fate, Imported, Item, Row
from imcmoo.networks.workload_csv import DEFAULT, allowed_name, size_fault
from imcmoo.networks.workloads import Workload
from imcmoo.version import __version__

if TYPE_CHECKING:
    from imcmoo.networks.onnx_import.reading import Model

EXAMPLES = 3
"""Number of nodes named in a message."""


def import_onnx(
    path: Path,
    *,
    name: str | None = None,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    dims: Mapping[str, int] | None = None,
    values: Mapping[str, tuple[float, ...]] | None = None,
    samples: Path | None = None,
    batch: int | None = None,
    strict: bool = False,
) -> Imported:
    """Read a network from an ONNX file.

    Args:
        path: the model; files of weights beside it are only opened for `samples`.
        name: name of the network. If None, the stem of the file.
        shapes: shapes of inputs by name; replace those of the file.
        dims: sizes of symbols in the shapes of inputs.
        values: elements of inputs that steer the network, such as a sampling rate.
        samples: .npz of arrays by input; the network is run on them with onnxruntime for statistics
            of its activations. If None, statistics are defaults.
        batch: size of the first axis of inputs that leave it open. If None, `shapes` or `dims` must
            give it.
        strict: refuse a network that is not fully modelled.

    Returns:
        Its layers, an account of every node, and warnings.

    Raises:
        InputError: the file is no valid ONNX model, a size stays unknown, a name is not in the
            model, `strict` is violated, or the package `onnx` is missing; one line.
        OSError: the file cannot be read.
    """
    try:
        from imcmoo.networks.onnx_import.binding import bind_inputs, set_batch
        from imcmoo.networks.onnx_import.reading import read_model
        from imcmoo.networks.onnx_import.statistics import gather_statistics, record_densities
        from imcmoo.networks.onnx_import.walk import Walk
    except ModuleNotFoundError as error:
        if error.name != "onnx":
            raise
        raise InputError(
            "reading ONNX files needs the package onnx: pip install 'imcmoo[onnx]'"
        ) from None
    stated: dict[str, Mapping[str, Any]] = {
        "shape": shapes or {},
        "dim": dims or {},
        "value": values or {},
    }
    try:
        model = read_model(path)
        inputs = model.inputs
        opened = [] if batch is None else set_batch(inputs, batch)
        walk = Walk(model, bind_inputs(inputs, *stated.values()))
        account = Account(tuple(walk.whole()))
        _check(account, strict=strict)
        rows = _named(row for item in account.with_fate(Fate.IMPORTED) for row in item.rows)
        tensors = (t.name for r in rows for t in (r.inputs, r.weights) if t.name)
        recorded = record_densities(model, path, samples, tensors) if samples else {}
    except InputError as error:
        raise InputError(f"{path}: {one_line(error)}") from None
    provenance = _provenance(path, model, stated | {"batch": dict.fromkeys(opened, batch)}, samples)
    statistics = gather_statistics(rows, recorded)
    workload = _workload(name or path.stem, rows, statistics, provenance)
    return Imported(workload, rows, account, tuple(_warnings(workload, account, walk.unused)))


def _provenance(
    path: Path, model: Model, stated: Mapping[str, Mapping[str, Any]], samples: Path | None
) -> dict[str, str]:
    """Origin of a network: file, stated inputs, and importer."""
    return {
        "source": path.name,
        "sha256": model.sha256,
        "producer": model.producer,
        "opset": str(model.opsets.get("", "none")),
        **{f"{kind} {k}": _text(v) for kind, by_name in stated.items() for k, v in by_name.items()},
        **({"samples": samples.name} if samples else {}),
        "importer": f"imcmoo {__version__}, onnx {version('onnx')}",
    }


def _text(value: Any) -> str:
    """Text of a number or several."""
    numbers = value if isinstance(value, tuple) else (value,)
    return ",".join(str(int(n) if n == n // 1 else n) for n in numbers)


def _check(account: Account, *, strict: bool) -> None:
    """Refuse a model without layers, and with `strict` one that is not fully modelled."""
    lacking = list(account.with_fate(Fate.NOT_MODELLED))
    if strict and lacking:
        raise InputError(f"not modelled: {_examples(lacking)}")
    if not any(account.with_fate(Fate.IMPORTED)):
        why = f"; not modelled: {_examples(lacking)}" if lacking else ""
        raise InputError(f"no layer that multiplies matrices{why}")
    for item in account.with_fate(Fate.IMPORTED):
        for row in item.rows:
            if fault := size_fault(row.sizes):
                raise InputError(f"layer '{row.name}': {fault}")


def _examples(items: Sequence[Item]) -> str:
    shown = [" ".join(f"{i.operator} '{i.node}' ({i.reason})".split()) for i in items[:EXAMPLES]]
    more = len(items) - EXAMPLES
    return "; ".join([*shown, *([f"and {more} more"] if more > 0 else [])])


def _named(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Layers with unique, printable names that are no formulas."""
    taken: set[str] = set()
    named = []
    for row in rows:
        stem = allowed_name(row.name)
        name, again = stem, 1
        while name in taken or not name:
            again += 1
            name = f"{stem}_{again}"
        taken.add(name)
        named.append(replace(row, name=name))
    return tuple(named)


def _workload(
    name: str, rows: Sequence[Row], statistics: dict[str, Any], provenance: dict[str, str]
) -> Workload:
    return Workload(
        name=name,
        layers=tuple(row.name for row in rows),
        kinds=tuple(row.kind for row in rows),
        shapes=np.array([row.sizes for row in rows], dtype=np.int64),
        strides=np.array([row.stride for row in rows], dtype=np.int64),
        dilations=np.array([row.dilation for row in rows], dtype=np.int64),
        dynamic=tuple(row.dynamic for row in rows),
        shared_with=_shared_with(rows),
        provenance=provenance,
        **statistics,
    )


def _shared_with(rows: Sequence[Row]) -> tuple[str, ...]:
    """First layer with the same stored tensor, by layer, or ''."""
    first: dict[str, str] = {}
    shared = []
    for row in rows:
        root = None if row.dynamic else row.weights.root
        shared.append(first.get(root, "") if root else "")
        if root:
            first.setdefault(root, row.name)
    return tuple(shared)


def _warnings(workload: Workload, account: Account, unused: int) -> Iterable[str]:
    n_dynamic = sum(workload.dynamic)
    if n_dynamic:
        yield (
            f"{n_dynamic} layers multiply two activations; the reference model treats the second "
            "as if it were resident weights"
        )
    lacking = list(account.with_fate(Fate.NOT_MODELLED))
    if lacking:
        unknown = sum(not item.macs_known for item in lacking)
        cost = f"; {unknown} of them cost an unknown number" if unknown else ""
        yield (
            f"{len(lacking)} nodes with {account.share(Fate.NOT_MODELLED):.1%} of the known "
            f"multiply-accumulates are not modelled{cost}: {_examples(lacking)}"
        )
    for operand in ("input", "weight"):
        sources = getattr(workload, f"{operand}_statistics")
        n_default = sources.count(DEFAULT)
        if n_default:
            remedy = "; --samples takes them from a run, --data does not" * (operand == "input")
            of = f"{n_default} of {len(sources)} layers"
            yield f"{operand} statistics of {of} are defaults{remedy}"
    if unused:
        yield f"{unused} nodes feed no output and are left out"
