"""Activations of a network run on a user's inputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from imcmoo.io.errors import InputError
from imcmoo.io.reading import read_arrays
from imcmoo.networks.onnx_import.statistics import densities


def record_densities(
    path: Path, samples: Path, tensors: Iterable[str]
) -> dict[str, tuple[float, ...]]:
    """Run the network once and take the densities of some of its tensors.

    Args:
        path: the model, its weights beside it or inside.
        samples: .npz with an array for each input.
        tensors: names in the main graph; inputs are taken from the samples themselves.

    Returns:
        Densities by tensor, of those that are neither constant nor infinite.

    Raises:
        InputError: onnxruntime is not installed, or cannot run the model on these arrays.
    """
    try:
        import onnxruntime
    except ModuleNotFoundError:
        raise InputError(
            "--samples needs the package onnxruntime: pip install onnxruntime"
        ) from None
    arrays = _read(samples)
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


def _read(samples: Path) -> Mapping[str, NDArray[Any]]:
    try:
        return read_arrays(samples, "an .npz file of plain arrays")
    except ValueError as error:
        raise InputError(str(error)) from None
