"""Accuracy of ONNX networks on simulated chips.

All products of activations and stored weights are executed as arrays and ADCs do: inputs and
weights are sliced, cells err, ADCs clip and round. Everything else runs in float.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from imcmoo.io.errors import InputError

PACKAGES = ("onnx", "onnxruntime", "numba")


@contextmanager
def accuracy_packages() -> Iterator[None]:
    """Report missing packages of the extra `accuracy` in one line.

    Raises:
        InputError: a package is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name not in PACKAGES:
            raise
        raise InputError(
            f"simulating networks needs the package {error.name}: pip install 'imcmoo[accuracy]'"
        ) from None
