"""A small network, its inputs, and simulations of it."""

import numpy as np
import pytest


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """A convolution, a depthwise one and two products with the same weights."""
    from tests.accuracy.networks import cut, real
    from tests.networks.onnx_import.models import exactly, node, tensor

    nodes = [
        node("Conv", "xw", "a", name="dense", pads=[1, 1, 1, 1]),
        node("Relu", "a", "b"),
        node("Conv", "bv", "c", name="depthwise", group=4),
        node("Reshape", ["c", "shape"], ["d"]),
        node("MatMul", "dm", "e", name="first"),
        node("Tanh", "e", "f"),
        node("MatMul", "fm", "y", name="second"),
    ]
    stored = [real("w", (4, 3, 3, 3)), real("v", (4, 1, 3, 3), 2), real("m", (16, 16), 3)]
    stored.append(exactly("shape", [-1, 16]))
    return cut(tmp_path_factory.mktemp("small"), nodes, [tensor("x", ("n", 3, 4, 4))], stored)


@pytest.fixture(scope="module")
def inputs():
    return {"x": np.random.default_rng(5).normal(0, 1, (40, 3, 4, 4)).astype(np.float32)}


@pytest.fixture(scope="module")
def calibration(network, inputs):
    from imcmoo.accuracy.simulation import calibrate

    return calibrate(network, [inputs], np.random.default_rng(0))


@pytest.fixture
def simulated(network, calibration):
    from imcmoo.accuracy.simulation import Simulation

    def make(chip, seed=0):
        simulation = Simulation(network, chip, calibration)
        simulation.manufacture(seed)
        return simulation

    return make
