"""Small networks for tests of the simulation."""

import numpy as np

from tests.extras import needs

needs("accuracy", "onnx")

from onnx import numpy_helper

from imcmoo.model.physical.circuit import Circuit
from tests.networks.onnx_import.models import model

LOSSLESS = Circuit(
    rows=64,
    active_rows=64,
    bits_per_cell=2,
    input_slice_bits=2,
    differential=True,
    adc_bits=12,
    adc_window="range",
)


def real(name, shape, seed=0):
    """A stored tensor of random real numbers."""
    values = np.random.default_rng(seed).normal(0, 1, shape).astype(np.float32)
    return numpy_helper.from_array(values, name)


def saved(folder, proto, name="net.onnx"):
    path = folder / name
    path.write_bytes(proto.SerializeToString())
    return path


def cut(folder, nodes, inputs, stored=(), outputs=("y",), opset=17, **options):
    """A network, cut at its mapped layers."""
    from imcmoo.accuracy.graph import CutNetwork

    return CutNetwork(saved(folder, model(nodes, inputs, stored, outputs, opset)), **options)


def nsr(outputs, expected):
    return ((outputs["y"] - expected["y"]) ** 2).mean() / expected["y"].var(axis=0).mean()
