"""Small networks with data, for tests of the simulation."""

import numpy as np
from onnx import numpy_helper

from tests.networks.onnx_import.models import model, node, tensor


def real(name, shape, seed=0):
    """A stored tensor of random real numbers."""
    values = np.random.default_rng(seed).normal(0, 1, shape).astype(np.float32)
    return numpy_helper.from_array(values, name)


def saved(folder, proto, name="net.onnx"):
    path = folder / name
    path.write_bytes(proto.SerializeToString())
    return path


def digits_network(folder):
    """A trained classifier of scikit-learn's digits, and its data."""
    from sklearn.datasets import load_digits
    from sklearn.neural_network import MLPClassifier

    images, labels = load_digits(return_X_y=True)
    images = (images / 16).astype(np.float32)
    trained = MLPClassifier((48,), max_iter=100, tol=1e-3, random_state=0).fit(
        images[:1200], labels[:1200]
    )
    (w1, w2), (b1, b2) = trained.coefs_, trained.intercepts_
    stored = [
        numpy_helper.from_array(v.astype(np.float32), n)
        for n, v in (("w1", w1), ("b1", b1), ("w2", w2), ("b2", b2))
    ]
    nodes = [
        node("Gemm", ["x", "w1", "b1"], ["a"], name="hidden"),
        node("Relu", ["a"], ["h"]),
        node("MatMul", ["h", "w2"], ["m"], name="classes"),
        node("Add", ["m", "b2"], ["z"]),
        node("Softmax", ["z"], ["y"], axis=-1),
    ]
    network = saved(folder, model(nodes, [tensor("x", ("n", 64))], stored))
    data = folder / "data.npz"
    np.savez(data, x=images[1200:], labels=labels[1200:])
    return network, data
