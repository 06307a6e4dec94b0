"""Small ONNX models, written as they are needed."""

import numpy as np

from tests.extras import needs

needs("onnx", "onnx")

import onnx as onnx
from onnx import TensorProto, helper, numpy_helper

from imcmoo.networks.onnx_import import import_onnx
from imcmoo.networks.onnx_import import walk as walk
from imcmoo.networks.onnx_import.statistics import densities as densities

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64
INT8, UINT8 = TensorProto.INT8, TensorProto.UINT8


def node(operator, inputs, outputs=("y",), name="", domain="", **attributes):
    attributes |= {"name": name or operator.lower(), "domain": domain}
    return helper.make_node(operator, list(inputs), list(outputs), **attributes)


def tensor(name, shape, element=FLOAT):
    return helper.make_tensor_value_info(name, element, shape)


def stored(name, shape, kind=np.float32, seed=0):
    """A stored tensor of random elements."""
    values = np.random.default_rng(seed).integers(-9, 9, size=shape)
    return numpy_helper.from_array(values.astype(kind), name)


def exactly(name, values, kind=np.int64):
    """A stored tensor of these elements."""
    return numpy_helper.from_array(np.array(values, dtype=kind), name)


def model(nodes, inputs, stored=(), outputs=("y",), opset=17, functions=(), domains=()):
    made = [tensor(o, None) for o in outputs]
    graph = helper.make_graph(list(nodes), "graph", list(inputs), made, list(stored))
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(d, 1) for d in domains)]
    return helper.make_model(graph, opset_imports=opsets, functions=list(functions), ir_version=9)


def graph_of(nodes, outputs=("z",), inputs=(), weights=()):
    """A graph for an attribute of a node."""
    made, taken = ([tensor(name, None) for name in names] for names in (outputs, inputs))
    return helper.make_graph(list(nodes), "inner", taken, made, list(weights))


def quantised(operator, weight, **attributes):
    """A node of x and a weight as bytes, each with a scale and a zero point, and what it stores."""
    names = ["x", "xs", "xz", "w", "ws", "wz", "ys", "yz"]
    scales = [exactly(n, 0.1, np.float32) for n in ("xs", "ws", "ys")]
    zeros = [exactly(n, 0, np.int8) for n in ("xz", "wz", "yz")]
    return [node(operator, names, **attributes)], [stored("w", weight, np.int8), *scales, *zeros]


def imported(tmp_path, proto, **options):
    path = tmp_path / "net.onnx"
    path.write_bytes(proto.SerializeToString())
    return import_onnx(path, **options)


def beside(name, shape, location=None):
    """A stored tensor without its data, perhaps with a word on where they are."""
    kept = TensorProto(name=name, dims=shape, data_type=FLOAT)
    if location is not None:
        kept.data_location = TensorProto.EXTERNAL
        kept.external_data.add(key="location", value=location)
    return kept


def only_row(tmp_path, *args, **options):
    """The one layer of a model given as to `model`."""
    (row,) = imported(tmp_path, model(*args, **options)).rows
    return row
