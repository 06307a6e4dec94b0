"""A small classifier of scikit-learn's handwritten digits, trained on the spot."""

from __future__ import annotations

from pathlib import Path

import numpy as np

TRAINING = 1200
"""Of the 1,797 images, so many train the network; the others calibrate and are scored."""


def write_digits(folder: Path) -> tuple[Path, Path]:
    """Write the network and its data.

    Args:
        folder: gets digits.onnx and digits.npz.

    Returns:
        Both files.
    """
    from onnx import TensorProto, helper, numpy_helper
    from sklearn.datasets import load_digits
    from sklearn.neural_network import MLPClassifier

    images, labels = load_digits(return_X_y=True)
    images = (images / 16).astype(np.float32)
    trained = MLPClassifier((48,), max_iter=300, tol=0.01, random_state=0)
    trained.fit(images[:TRAINING], labels[:TRAINING])
    (w1, w2), (b1, b2) = trained.coefs_, trained.intercepts_
    graph = helper.make_graph(
        [
            helper.make_node("Gemm", ["x", "w1", "b1"], ["a"], name="hidden"),
            helper.make_node("Relu", ["a"], ["h"]),
            helper.make_node("Gemm", ["h", "w2", "b2"], ["z"], name="classes"),
            helper.make_node("Softmax", ["z"], ["y"], axis=-1),
        ],
        "digits",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ("n", 64))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ("n", 10))],
        [
            numpy_helper.from_array(values.astype(np.float32), name)
            for name, values in {"w1": w1, "b1": b1, "w2": w2, "b2": b2}.items()
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    network, data = folder / "digits.onnx", folder / "digits.npz"
    network.write_bytes(model.SerializeToString())
    np.savez_compressed(data, x=images[TRAINING:], labels=labels[TRAINING:])
    return network, data
