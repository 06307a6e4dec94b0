"""Import of networks from ONNX files: layers from the graph, weights' files never needed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from imcmoo.io.errors import InputError

if TYPE_CHECKING:
    from imcmoo.networks.onnx_import.account import Imported


def import_onnx(
    path: Path,
    *,
    name: str | None = None,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    dims: Mapping[str, int] | None = None,
    values: Mapping[str, tuple[float, ...]] | None = None,
    samples: Path | None = None,
    strict: bool = False,
) -> Imported:
    """Read a network from an ONNX file.

    Args:
        path: the model; files of weights beside it are never opened, except by `samples`.
        name: what to call the network; the file's stem by default.
        shapes: shape of an input by its name; overrides what the file declares.
        dims: size of a symbol in the inputs' shapes.
        values: elements of an input that steers the network, such as a sampling rate.
        samples: arrays by input name (.npz); the network is run on them with onnxruntime and its
            activations' statistics are taken.
        strict: refuse a network of which anything is not modelled.

    Returns:
        Its layers, an account of every node, and warnings.

    Raises:
        InputError: the file is no sound ONNX model, a size stays unknown, a name is not the
            model's, `strict` is broken, or the package `onnx` is not installed; one line.
        OSError: the file cannot be read.
    """
    try:
        from imcmoo.networks.onnx_import.importer import read_network
    except ModuleNotFoundError as error:
        if error.name != "onnx":
            raise
        raise InputError(
            "reading ONNX files needs the package onnx: pip install 'imcmoo[onnx]'"
        ) from None
    return read_network(
        path,
        name=name or path.stem,
        shapes=shapes or {},
        dims=dims or {},
        values=values or {},
        samples=samples,
        strict=strict,
    )
