"""Small networks for tests of the simulation."""

import numpy as np
from onnx import numpy_helper


def real(name, shape, seed=0):
    """A stored tensor of random real numbers."""
    values = np.random.default_rng(seed).normal(0, 1, shape).astype(np.float32)
    return numpy_helper.from_array(values, name)


def saved(folder, proto, name="net.onnx"):
    path = folder / name
    path.write_bytes(proto.SerializeToString())
    return path
