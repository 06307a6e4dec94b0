"""Build the tables of the true networks, of language models and of a speech recogniser.

True networks: export their definitions, strip, import and write them. Needs torch, torchvision,
transformers and the extra `onnx`; parameters are random and dropped, so nothing is downloaded. Run
`python -m imcmoo.networks.build_tables` in the root of the repository; `--tables-only` starts from
the stripped exports in the test fixtures. The other tables follow from published sizes.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from importlib import metadata as installed
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from imcmoo.arrays import Floats
from imcmoo.io.files import replacing
from imcmoo.networks.layers import BITS, DEFAULT_DENSITIES, layer_class
from imcmoo.networks.onnx_import import import_onnx
from imcmoo.networks.published_models import CONFIGS, generation
from imcmoo.networks.workload_csv import DEFAULT
from imcmoo.networks.workloads import RECOGNISER, TRUE_NETWORKS, Workload

TABLES = Path(__file__).parent / "tables"
FIXTURES = Path("tests/networks/topologies")

KEPT_BYTES = 1024
"""Stored tensors up to this size, bytes, keep their data: the graph computes shapes from them."""

TORCHVISION = {
    "resnet18_onnx": "resnet18",
    "vgg16_onnx": "vgg16",
    "alexnet_onnx": "alexnet",
    "mobilenet_v3_onnx": "mobilenet_v3_large",
    "densenet201_onnx": "densenet201",
    "resnet50_onnx": "resnet50",
    "vision_transformer_onnx": "vit_b_16",
}
"""Names of the networks in torchvision; each takes one image of 3 × 224 × 224."""

GPT2_TOKENS, MOBILEBERT_TOKENS = 256, 139

PRODUCT = "product of activations"
DIGITS = 6
"""Decimals of a mean, as in most of the paper's tables."""

HISTOGRAMS = "histogram"
"""Source of densities: the histograms behind the paper's table."""

PAPER_HAS_NO_HISTOGRAMS = ("resnet50_onnx",)
"""Networks without histograms: the paper's network of that name is another one."""


AUDIO_SAMPLES = 5 * 16_000
"""Input of the speech recogniser: 5 s at 16 kHz."""

AUDIO_LAYERS = ((10, 5), (3, 2), (3, 2), (3, 2), (3, 2), (2, 2), (2, 2))
"""Kernel and stride of the convolutions that make frames of samples."""


def main() -> None:
    """Export, strip, import and write the nine networks; write all other tables."""
    parser = argparse.ArgumentParser(description="Build the tables of the true networks.")
    parser.add_argument("--tables-only", action="store_true", help="keep the exports there are")
    args = parser.parse_args()
    for name in TRUE_NETWORKS:
        topology = FIXTURES / f"{name}.onnx"
        if not args.tables_only:
            model = stripped(export(name))
            model.metadata_props.add(key="definition", value=_version(name))
            topology.write_bytes(model.SerializeToString(deterministic=True))
        network = with_histograms(import_onnx(topology, name=name).workload)
        stored = onnx.load(topology, load_external_data=False).metadata_props
        definition = {p.key: p.value for p in stored}
        write(replace(network, provenance={**network.provenance, **definition}))
    for name in CONFIGS:
        made = generation(name)
        write(made.prefill)
        write(made.step)
    write(speech_recogniser())


def write(network: Workload) -> None:
    """Write the table of a network."""
    with (
        replacing(TABLES / f"{network.name}.csv") as path,
        path.open("w", newline="", encoding="utf-8") as stream,
    ):
        network.write_csv(stream)


def speech_recogniser() -> Workload:
    """wav2vec 2.0 (base), which turns `AUDIO_SAMPLES` into letters: a pass without steps.

    Source: config.json of huggingface.co/facebook/wav2vec2-base-960h, and
        `src/transformers/models/wav2vec2/modeling_wav2vec2.py` of huggingface/transformers.
    """
    width, heads, inner, blocks, letters, channels = 768, 12, 3072, 12, 32, 512
    frames, source, rows = AUDIO_SAMPLES, 1, []
    for i, (kernel, stride) in enumerate(AUDIO_LAYERS):
        frames = (frames - kernel) // stride + 1
        rows.append((f"audio{i}", "Conv", source, channels, frames, kernel, 1, stride, False))
        source = channels
    rows.append(("frames", "linear", channels, width, frames, 1, 1, 1, False))
    # An even kernel gives a frame more than there are, which is dropped.
    rows.append(("positions", "Conv", width // 16, width // 16, frames, 128, 16, 1, False))
    head = width // heads
    for i in range(blocks):
        rows += [
            (f"{i}.qkv", "linear", width, 3 * width, frames, 1, 1, 1, False),
            (f"{i}.scores", "attention", head, frames, frames, 1, heads, 1, True),
            (f"{i}.mix", "attention", frames, head, frames, 1, heads, 1, True),
            (f"{i}.out", "linear", width, width, frames, 1, 1, 1, False),
            (f"{i}.up", "linear", width, inner, frames, 1, 1, 1, False),
            (f"{i}.down", "linear", inner, width, frames, 1, 1, 1, False),
        ]
    rows.append(("letters", "linear", width, letters, frames, 1, 1, 1, False))
    names, kinds, c, m, p, r, g, strides, dynamic = zip(*rows, strict=True)
    ones = np.ones(len(rows), np.int64)
    shapes = np.array([c, m, p, ones, r, ones, g, ones], np.int64).T
    classes = [
        layer_class(kind, sizes, dynamic=second)
        for kind, sizes, second in zip(kinds, shapes, dynamic, strict=True)
    ]
    densities = np.array([DEFAULT_DENSITIES[each] for each in classes]).reshape(-1, 2, BITS)
    return Workload(
        name=RECOGNISER,
        layers=names,
        kinds=kinds,
        shapes=shapes,
        strides=np.array([strides, ones]).T,
        input_bits=densities[:, 0],
        weight_bits=densities[:, 1],
        dynamic=dynamic,
        input_statistics=(DEFAULT,) * len(rows),
        weight_statistics=(DEFAULT,) * len(rows),
        provenance={"source": "config.json of huggingface.co/facebook/wav2vec2-base-960h"},
    )


def export(name: str) -> onnx.ModelProto:
    """Export a network with random parameters by torch."""
    import torch

    torch.manual_seed(0)
    module, arguments = _definition(name)
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        path = Path(folder) / "model.onnx"
        torch.onnx.export(module.eval(), arguments, path, dynamo=True, external_data=True)
        return onnx.load(path, load_external_data=False)


def _definition(name: str) -> tuple[Any, tuple[Any, ...]]:
    """Module of a network, and an input for it."""
    import torch
    import torchvision
    import transformers

    if name in TORCHVISION:
        module = torchvision.models.get_model(TORCHVISION[name], weights=None)
        return module, (torch.zeros(1, 3, 224, 224),)
    config: Any
    model: Any
    if name == "gpt2_medium_onnx":
        config = transformers.GPT2Config(n_embd=1024, n_layer=24, n_head=16, use_cache=False)
        tokens, model = GPT2_TOKENS, transformers.GPT2LMHeadModel
    else:
        config = transformers.MobileBertConfig(classifier_activation=False)  # as published
        tokens, model = MOBILEBERT_TOKENS, transformers.MobileBertModel
    config._attn_implementation = "eager"
    return model(config), (torch.zeros(1, tokens, dtype=torch.long),)


def _version(name: str) -> str:
    """Package and version that define the network."""
    library = "torchvision" if name in TORCHVISION else "transformers"
    model = TORCHVISION.get(name, name.removesuffix("_onnx"))
    return f"{model} of {library} {installed.version(library)}"


def stripped(model: onnx.ModelProto) -> onnx.ModelProto:
    """Topology only: no parameters, intermediate shapes or comments."""
    graph = model.graph
    for tensor in graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.ByteSize() > KEPT_BYTES:
            bare = onnx.TensorProto(
                name=tensor.name,
                dims=tensor.dims,
                data_type=tensor.data_type,
                data_location=onnx.TensorProto.EXTERNAL,
            )
            bare.external_data.add(key="location", value="left_out")
            tensor.CopyFrom(bare)
    del graph.value_info[:]
    del model.metadata_props[:]
    for part in (graph, *graph.node, *graph.input, *graph.output):
        part.doc_string = ""
        del part.metadata_props[:]
    return model


def with_histograms(network: Workload) -> Workload:
    """Add the operand statistics of the paper's network where layers correspond.

    The n-th layer of a size takes those of the paper's n-th layer of that size, products of
    activations likewise. A layer that merges three (queries, keys and values) takes their mean.

    Raises:
        LookupError: a layer has no counterpart.
    """
    if network.name in PAPER_HAS_NO_HISTOGRAMS:
        return network
    paper = Workload.load(network.name.removesuffix("_onnx"))
    waiting: dict[object, list[int]] = {}
    for i, kind in enumerate(paper.kinds):
        role = PRODUCT if "Attention" in kind else _weights_of(paper, i)
        waiting.setdefault(role, []).append(i)
    taken = [_counterparts(network, i, waiting) for i in range(len(network))]
    return replace(
        network,
        input_bits=_means(paper.input_bits, taken),
        weight_bits=_means(paper.weight_bits, taken),
        input_statistics=(HISTOGRAMS,) * len(network),
        weight_statistics=(HISTOGRAMS,) * len(network),
        provenance={
            **network.provenance,
            "histograms": "CiMLoop workloads (github.com/mit-emze/cimloop), MIT licence",
        },
    )


def _counterparts(network: Workload, i: int, waiting: dict[object, list[int]]) -> list[int]:
    """The paper's layers that layer i stands for; removes them from `waiting`."""
    role = PRODUCT if network.dynamic[i] else _weights_of(network, i)
    if waiting.get(role):
        return [waiting[role].pop(0)]
    if isinstance(role, tuple):
        c, m, *others = role
        thirds = waiting.get((c, m // 3, *others), [])
        if m % 3 == 0 and len(thirds) >= 3:
            return [thirds.pop(0) for _ in range(3)]
    raise LookupError(f"{network.name}: layer '{network.layers[i]}' has no counterpart")


def _weights_of(network: Workload, i: int) -> tuple[int, ...]:
    """C, M, R, S and G of a layer."""
    c, m, _, _, r, s, g, _ = network.shapes[i].tolist()
    return c, m, r, s, g


def _means(bits: Floats, taken: Sequence[Sequence[int]]) -> Floats:
    """Mean densities of the counterparts of each layer; a single one is unchanged."""
    return np.array(
        [bits[r[0]] if len(r) == 1 else np.round(bits[list(r)].mean(axis=0), DIGITS) for r in taken]
    )


if __name__ == "__main__":
    main()
