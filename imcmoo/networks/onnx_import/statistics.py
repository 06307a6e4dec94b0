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
from imcmoo.io.reading import read_arrays
from imcmoo.networks.layers import BITS, DEFAULT_DENSITIES, OPERANDS, layer_class
from imcmoo.networks.onnx_import.account import Row
from imcmoo.networks.onnx_import.tensors import Tensor, stores_data
from imcmoo.networks.workload_csv import DEFAULT

STORED, SAMPLED = "initializer", "samples"
"""Where densities come from: the weights in the file, or activations of a run."""

MOST_ELEMENTS = 1 << 20
"""Of a larger tensor, evenly spaced elements are taken: densities stay within 0.002."""

LARGEST_CODE = 127
"""The code of zero, and the magnitude of the largest number."""

ZERO_POINT = 128
"""What stands for zero in weights of unsigned bytes: as quantisers choose it for symmetric weights
(assumption; the file's own zero points may differ per channel)."""

DIGITS = 6
"""Decimals that densities are kept with."""

Recorded = Mapping[str, tuple[float, ...]]
"""Densities of activations by tensor, from a run."""

Stated = tuple[tuple[float, ...], str] | None
"""Densities of an operand and where they come from; None where nothing is known."""


def densities(values: NDArray[Any]) -> tuple[float, ...] | None:
    """P(bit is 1) of numbers quantised to 8 bits, symmetrically, most significant first.

    The largest magnitude is full scale. None if the numbers are not finite, all alike, or none.
    """
    flat = values.reshape(-1)
    with np.errstate(invalid="ignore"):  # what is no number is found below
        flat = flat[:: max(1, flat.size // MOST_ELEMENTS)].astype(np.float64)
    largest = np.abs(flat).max(initial=0)
    if not np.isfinite(largest) or largest == 0 or flat.min() == flat.max():
        return None
    codes = np.rint(flat * (LARGEST_CODE / largest)).astype(np.int64) + LARGEST_CODE
    ones = (codes[:, None] >> np.arange(BITS - 1, -1, -1)) & 1
    return tuple(np.round(ones.mean(axis=0), DIGITS).tolist())


def gather_statistics(rows: Sequence[Row], recorded: Recorded) -> dict[str, Any]:
    """Statistics of every layer, as the fields of a `Workload`."""
    kinds = [layer_class(r.kind, np.array(r.sizes), dynamic=r.dynamic) for r in rows]
    known = zip(*((_activation(r.inputs, recorded), _held(r, recorded)) for r in rows), strict=True)
    statistics: dict[str, Any] = {}
    for i, (operand, stated) in enumerate(zip(OPERANDS, known, strict=True)):
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


def record_densities(path: Path, samples: Path, tensors: Iterable[str]) -> Recorded:
    """Run the network once; densities of tensors that are neither constant nor infinite.

    Args:
        path: the model, its weights beside it or inside.
        samples: .npz with an array for each input.
        tensors: names in the main graph; inputs are taken from the samples themselves.

    Raises:
        InputError: onnxruntime is not installed, or cannot run the model on these arrays.
    """
    try:
        import onnxruntime
    except ModuleNotFoundError:
        raise InputError(
            "--samples needs the package onnxruntime: pip install onnxruntime"
        ) from None
    try:
        arrays = read_arrays(samples, "an .npz file of plain arrays")
    except ValueError as error:
        raise InputError(str(error)) from None
    model = onnx.load(path, load_external_data=False)
    wanted = [name for name in dict.fromkeys(tensors) if name not in arrays]
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    outputs = {output.name for output in model.graph.output}
    model.graph.output.extend(onnx.ValueInfoProto(name=n) for n in wanted if n not in outputs)
    try:
        onnx.load_external_data_for_model(model, str(path.parent))
        session = onnxruntime.InferenceSession(model.SerializeToString(), options)
        made = session.run(wanted or None, arrays)[: len(wanted)]
    except Exception as error:  # onnxruntime's own errors share no base class
        raise InputError(f"cannot be run on {samples}: {error}") from None
    recorded = {
        name: densities(np.asarray(v))
        for name, v in {**arrays, **dict(zip(wanted, made, strict=True))}.items()
    }
    return {name: bits for name, bits in recorded.items() if bits is not None}
