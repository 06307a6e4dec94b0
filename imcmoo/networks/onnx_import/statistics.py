"""Densities of operands' bits: from stored weights, from recorded activations, or by default."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from imcmoo.io.errors import InputError
from imcmoo.io.named import one_line
from imcmoo.io.reading import read_arrays
from imcmoo.networks.layers import BITS, DEFAULT_DENSITIES, OPERANDS, layer_class
from imcmoo.networks.onnx_import.account import Row
from imcmoo.networks.onnx_import.reading import Model
from imcmoo.networks.onnx_import.tensors import Tensor, stores_data
from imcmoo.networks.workload_csv import DEFAULT

STORED, SAMPLED = "initializer", "samples"
"""Where densities come from: the weights in the file, or activations of a run."""

MAX_ELEMENTS = 1 << 20
"""Of a larger tensor, evenly spaced elements are taken: densities stay within 0.002."""

LARGEST_CODE = 127
"""The code of zero, and the magnitude of the largest number."""

ZERO_POINT = 128
"""What stands for zero in weights of unsigned bytes: as quantisers choose it for symmetric weights
(assumption; the file's own zero points may differ per channel)."""

DIGITS = 6
"""Decimals that densities are kept with."""

LABELS = "labels"
"""Array of a file of samples that holds their labels."""

CALIBRATION = "calibration/"
"""Prefix of arrays that only calibrate."""

Recorded = Mapping[str, tuple[float, ...]]
"""Densities of activations by tensor, from a run."""

Stated = tuple[tuple[float, ...], str] | None
"""Densities of an operand and where they come from; None where nothing is known."""


def densities(values: NDArray[Any]) -> tuple[float, ...] | None:
    """P(bit is 1) of numbers quantised to 8 bits, symmetrically, most significant first.

    The largest magnitude is full scale. None if the numbers are not finite, all alike, or none.
    """
    flat = values.reshape(-1)
    with np.errstate(invalid="ignore"):  # values that are no numbers are found below
        flat = flat[:: max(1, flat.size // MAX_ELEMENTS)].astype(np.float64)
    largest = np.abs(flat).max(initial=0)
    if not np.isfinite(largest) or largest == 0 or flat.min() == flat.max():
        return None
    codes = np.rint(flat * (LARGEST_CODE / largest)).astype(np.int64) + LARGEST_CODE
    ones = (codes[:, None] >> np.arange(BITS - 1, -1, -1)) & 1
    return tuple(np.round(ones.mean(axis=0), DIGITS).tolist())


def gather_statistics(rows: Sequence[Row], recorded: Recorded) -> dict[str, Any]:
    """Statistics of every layer, as the fields of a `Workload`."""
    kinds = [layer_class(r.kind, np.array(r.sizes), dynamic=r.dynamic) for r in rows]
    by_operand = zip(
        *((_activation(r.inputs, recorded), _held(r, recorded)) for r in rows), strict=True
    )
    statistics: dict[str, Any] = {}
    for i, (operand, stated) in enumerate(zip(OPERANDS, by_operand, strict=True)):
        defaults = ((DEFAULT_DENSITIES[kind][i], DEFAULT) for kind in kinds)
        bits, sources = zip(
            *(d or other for d, other in zip(stated, defaults, strict=True)), strict=True
        )
        statistics[f"{operand}_bits"] = np.array(bits)
        statistics[f"{operand}_statistics"] = sources
    return statistics


def _held(row: Row, recorded: Recorded) -> Stated:
    if row.dynamic:
        return _activation(row.weights, recorded)
    data = row.weights.data
    if data is None or not stores_data(data):
        return None
    values = numpy_helper.to_array(data)
    if values.dtype == np.uint8:
        values = values.astype(np.int16) - ZERO_POINT
    density = densities(values)
    return (density, STORED) if density else None


def _activation(tensor: Tensor, recorded: Recorded) -> Stated:
    density = recorded.get(tensor.name or "")
    return (density, SAMPLED) if density else None


def record_densities(read: Model, path: Path, samples: Path, tensors: Iterable[str]) -> Recorded:
    """Run the network; densities of tensors that are neither constant nor infinite.

    Args:
        read: the model, its weights inside or beside it.
        path: its file.
        samples: .npz with an array for each input: one run, or samples on the first axis, as
            `imcmoo accuracy --data` takes them.
        tensors: names in the main graph; inputs are taken from the samples themselves.

    Raises:
        InputError: onnxruntime is not installed, or cannot run the model on these arrays.
    """
    try:
        import onnxruntime

        from imcmoo.networks.onnx_import import onnx_run
    except ModuleNotFoundError:
        raise InputError(
            "--samples needs the package onnxruntime: pip install onnxruntime"
        ) from None
    model = read.with_weights(path)
    arrays = _inputs(model, samples)
    wanted = [name for name in dict.fromkeys(tensors) if name not in arrays]
    outputs = {output.name for output in model.graph.output}
    model.graph.output.extend(onnx.ValueInfoProto(name=n) for n in wanted if n not in outputs)
    names = wanted or sorted(outputs)
    runs = _runs(model, arrays)
    kept: dict[str, list[NDArray[Any]]] = {name: [] for name in [*arrays, *wanted]}
    try:
        bounded = onnx_run.let_loops_be_stopped(model)
        session = onnxruntime.InferenceSession(model.SerializeToString(), onnx_run.options())
        for feeds in runs:
            made = onnx_run.run(session, names, feeds, bounded=bounded)
            for name, values in {**feeds, **dict(zip(names, made, strict=True))}.items():
                if name in kept:
                    kept[name].append(_part(np.asarray(values), len(runs)))
    except InputError:
        raise
    except Exception as error:  # onnxruntime's own errors share no base class
        raise InputError(f"cannot be run on {samples}: {one_line(error)}") from None
    recorded = {name: densities(np.concatenate(parts)) for name, parts in kept.items()}
    return {name: bits for name, bits in recorded.items() if bits is not None}


def _inputs(model: onnx.ModelProto, samples: Path) -> dict[str, NDArray[Any]]:
    """Arrays of a file by input, without what only `imcmoo accuracy` reads of it."""
    try:
        arrays = read_arrays(samples, "an .npz file of plain arrays")
    except ValueError as error:
        raise InputError(str(error)) from None
    inputs = {i.name for i in model.graph.input}
    return {
        name: values
        for name, values in arrays.items()
        if name in inputs or not (name == LABELS or name.startswith(CALIBRATION))
    }


def _runs(
    model: onnx.ModelProto, arrays: Mapping[str, NDArray[Any]]
) -> list[Mapping[str, NDArray[Any]]]:
    """Inputs of each run: all samples, or one at a time if the network takes single samples."""
    kinds = {i.name: i.type.tensor_type for i in model.graph.input}
    declared = {name: kind.shape.dim for name, kind in kinds.items() if kind.HasField("shape")}
    shapes = [(declared[n], v.shape) for n, v in arrays.items() if n in declared and v.ndim]
    lengths = {shape[0] for _, shape in shapes}
    if len(shapes) < len(arrays) or len(lengths) != 1:
        return [arrays]
    samples = range(lengths.pop())
    if all(len(shape) == len(dims) + 1 for dims, shape in shapes):
        return [{n: np.ascontiguousarray(v[at]) for n, v in arrays.items()} for at in samples]
    if all(len(shape) == len(dims) and dims[0].dim_value == 1 for dims, shape in shapes):
        return [{n: v[at : at + 1] for n, v in arrays.items()} for at in samples]
    return [arrays]


def _part(values: NDArray[Any], runs: int) -> NDArray[Any]:
    """Evenly spaced elements, so that all runs together keep about `MAX_ELEMENTS`."""
    flat = values.reshape(-1)
    return flat[:: max(1, flat.size * runs // MAX_ELEMENTS)]
