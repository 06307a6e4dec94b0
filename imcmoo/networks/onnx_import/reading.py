"""From a file to a model that is sound enough to walk through."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

import onnx
from google.protobuf.message import DecodeError

from imcmoo.io.errors import InputError
from imcmoo.io.reading import check_regular

ONNX_DOMAINS = ("", "ai.onnx")
"""Two names of ONNX's own operators."""

NO_OPSETS_BEFORE = 3
"""The format's version from which a file must say its opset; older ones mean the first."""

LARGEST_FILE = (1 << 31) - 1
"""Bytes that protobuf can hold."""

FunctionKey = tuple[str, str, str]
"""Domain, name and overload."""


@dataclass(frozen=True)
class Model:
    """A model as read.

    Args:
        graph: its main graph.
        opsets: version of each operator set, by domain ('' for ONNX's own).
        functions: the model's own operators.
        producer: who wrote the file.
    """

    graph: onnx.GraphProto
    opsets: dict[str, int]
    functions: dict[FunctionKey, onnx.FunctionProto]
    producer: str


def read_model(path: Path) -> Model:
    """Read a model without its files of weights.

    Raises:
        InputError: not an ONNX file, truncated, nested too deeply, of an unknown opset, or it
            keeps weights outside its own folder.
        OSError: the file cannot be read.
    """
    try:
        check_regular(path, LARGEST_FILE)
    except ValueError as error:
        raise InputError(f"{error} (weights can be kept in a file of their own)") from None
    proto = onnx.ModelProto()
    try:
        proto.ParseFromString(path.read_bytes())
    except DecodeError:
        raise InputError("not an ONNX file, cut short, or nested too deeply") from None
    if not proto.graph.node:
        raise InputError("not an ONNX file, or one without any node")
    if not proto.graph.output:
        raise InputError("the graph has no output")
    functions = {(f.domain, f.name, f.overload): f for f in proto.functions}
    for graph in _graphs(proto):
        _check_text(graph)
        _check_external(graph)
    return Model(
        proto.graph,
        _opsets(proto),
        functions,
        f"{proto.producer_name or 'unknown'} {proto.producer_version}".strip(),
    )


def versions(imports: Iterable[onnx.OperatorSetIdProto]) -> dict[str, int]:
    """Version of each operator set, by domain ('' for ONNX's own)."""
    return {"" if o.domain in ONNX_DOMAINS else o.domain: o.version for o in imports}


def _opsets(proto: onnx.ModelProto) -> dict[str, int]:
    opsets = versions(proto.opset_import)
    if not opsets and proto.ir_version < NO_OPSETS_BEFORE:
        opsets[""] = 1
    newest = onnx.defs.onnx_opset_version()
    version = opsets.get("")
    if version is None and any(n.domain in ONNX_DOMAINS for n in proto.graph.node):
        raise InputError("does not say which opset of ONNX it uses")
    if version is not None and not 1 <= version <= newest:
        raise InputError(
            f"opset {version} of ONNX; the installed onnx {onnx.__version__} knows 1 to {newest}"
        )
    return opsets


def _graphs(proto: onnx.ModelProto) -> Iterator[onnx.GraphProto | onnx.FunctionProto]:
    """Every graph of a model, also those inside nodes; protobuf bounds how deep they nest."""
    waiting: list[onnx.GraphProto | onnx.FunctionProto] = [proto.graph, *proto.functions]
    while waiting:
        graph = waiting.pop()
        yield graph
        for node in graph.node:
            for attribute in node.attribute:
                if attribute.HasField("g"):
                    waiting.append(attribute.g)
                waiting.extend(attribute.graphs)


def _check_text(graph: onnx.GraphProto | onnx.FunctionProto) -> None:
    """Protobuf hands on bytes that are no text; what follows takes names for text."""
    for node in graph.node:
        names = (node.op_type, node.domain, node.name, *node.input, *node.output)
        if not all(isinstance(name, str) for name in names):
            raise InputError(f"a name of node '{node.name}' ({node.op_type}) is not UTF-8")


def _check_external(graph: onnx.GraphProto | onnx.FunctionProto) -> None:
    stored = list(graph.initializer) if isinstance(graph, onnx.GraphProto) else []
    stored += [a.t for node in graph.node for a in node.attribute if a.HasField("t")]
    for tensor in stored:
        for entry in tensor.external_data:
            location = str(entry.value) if entry.key == "location" else ""
            forms = (PurePosixPath(location), PureWindowsPath(location))
            if any(form.anchor or ".." in form.parts for form in forms):
                raise InputError(
                    f"tensor '{tensor.name}' keeps its data outside the model's folder: "
                    f"'{entry.value}'"
                )
