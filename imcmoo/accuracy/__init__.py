"""Accuracy of ONNX networks on simulated chips.

The chip executes every product of activations and stored weights as its arrays and ADCs do: inputs
and weights are cut into slices, cells err, ADCs clip and round. Everything else runs in float.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from imcmoo.io.errors import InputError

PACKAGES = ("onnx", "onnxruntime", "numba")


@contextmanager
def accuracy_packages() -> Iterator[None]:
    """Say which package is missing where networks are executed.

    Raises:
        InputError: a package of the extra `accuracy` is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name not in PACKAGES:
            raise
        raise InputError(
            f"simulating networks needs the package {error.name}: pip install 'imcmoo[accuracy]'"
        ) from None
