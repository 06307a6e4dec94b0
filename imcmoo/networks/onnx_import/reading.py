"""From a file, and what the user states of its inputs, to a model that can be walked through.

Whatever is not sound, or not in the model, raises InputError.
"""

from __future__ import annotations

import stat
import warnings
from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

import onnx
from google.protobuf.message import DecodeError

from imcmoo.io.checksums import digest, sha256
from imcmoo.io.errors import InputError
from imcmoo.io.named import one_line
from imcmoo.io.reading import check_regular

ONNX_DOMAINS = ("", "ai.onnx")
"""Two names of ONNX's own operators."""

NO_OPSETS_BEFORE = 3
"""The format's version from which a file must say its opset; older ones mean the first."""

LARGEST_FILE = (1 << 31) - 1
"""Bytes that protobuf can hold."""

LONGEST_SHOWN = 100
"""Characters of the name of a file of weights in errors."""

Dimension = int | str | None
"""An axis as the file declares it: a size, a symbol, or nothing."""


@dataclass(frozen=True)
class Model:
    """A model as read, without its files of weights."""

    proto: onnx.ModelProto  # as the file states it
    sha256: str  # of the file
    opsets: dict[str, int]  # version of each operator set, by domain ('' for ONNX's own)
    functions: dict[tuple[str, str, str], onnx.FunctionProto]  # by domain, name and overload
    producer: str  # who wrote the file

    @property
    def graph(self) -> onnx.GraphProto:
        """The main graph."""
        return self.proto.graph

    @property
    def inputs(self) -> dict[str, onnx.TypeProto]:
        """Types of the inputs that the file does not store, by name; copies."""
        stored = {t.name for t in self.graph.initializer}
        return {i.name: deepcopy(i.type) for i in self.graph.input if i.name not in stored}

    def with_weights(self, path: Path) -> onnx.ModelProto:
        """A copy with the files of weights of its path; raises as `read_with_weights`."""
        return _with_weights(deepcopy(self.proto), path)


def read_model(path: Path) -> Model:
    """Read a model without its files of weights.

    Raises:
        InputError: not an ONNX file, truncated, nested too deeply, of an unknown opset, or it
            keeps weights outside its own folder.
        OSError: the file cannot be read.
    """
    content = _content(path)
    proto = _parsed(content)
    functions = {(f.domain, f.name, f.overload): f for f in proto.functions}
    for graph in graphs_of(proto):
        _check_text(graph)
    return Model(
        proto,
        digest(content),
        _opsets(proto),
        functions,
        f"{proto.producer_name or 'unknown'} {proto.producer_version}".strip(),
    )


def read_with_weights(path: Path) -> onnx.ModelProto:
    """Read a model with its files of weights, so that it can be run.

    Raises:
        InputError: `read_model` refuses the file as no ONNX file, or a file of weights is missing,
            no regular file, cut short, or with the others more than 2 GB.
        OSError: a file cannot be read.
    """
    return _with_weights(_read(path), path)


def _with_weights(proto: onnx.ModelProto, path: Path) -> onnx.ModelProto:
    """Read the files of weights of a model, in place; see `read_with_weights`."""
    files = _weight_files(proto, path)
    for file in files:
        if fault := _fault(file):
            name = _cut(str(file.relative_to(path.parent)))
            shown = name if name.isprintable() else repr(name)
            raise InputError(f"the model keeps weights in {shown}, which {fault}")
    if sum(file.stat().st_size for file in files) > LARGEST_FILE - path.stat().st_size:
        raise InputError(f"with its files of weights it is larger than {LARGEST_FILE:,} bytes")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # keys that onnx does not know do no harm
            onnx.load_external_data_for_model(proto, str(path.parent))
    except (onnx.checker.ValidationError, ValueError) as error:
        raise InputError(f"its files of weights cannot be read: {one_line(error)}") from None
    return proto


def _fault(file: Path) -> str:
    """Fault of a file of weights; empty if it can be opened."""
    try:
        return "" if stat.S_ISREG(file.stat().st_mode) else "is no regular file"
    except (FileNotFoundError, NotADirectoryError, ValueError):  # or a name that no file can have
        return "does not exist"
    except OSError as error:
        return f"cannot be read: {error.strerror}"


def _cut(name: str) -> str:
    """The name of a file as errors show it."""
    return name if len(name) <= LONGEST_SHOWN else f"{name[:LONGEST_SHOWN]}..."


def weight_files(path: Path) -> list[Path]:
    """Files beside a model that hold its weights, in alphabetical order.

    Raises:
        InputError: `read_model` refuses the file as no ONNX file.
        OSError: the file cannot be read.
    """
    return _weight_files(_read(path), path)


def weights_sha256(path: Path) -> str:
    """SHA-256 (hex) of the files of weights beside a model; empty if there are none.

    Raises:
        InputError, OSError: see `weight_files`; a file of weights cannot be read.
    """
    digests = [sha256(file) for file in weight_files(path)]
    return digest("".join(digests).encode()) if digests else ""


def _weight_files(proto: onnx.ModelProto, path: Path) -> list[Path]:
    """Files of weights of a model that was read from `path`."""
    names = {
        str(entry.value)
        for graph in graphs_of(proto)
        for tensor in _stored(graph)
        if tensor.data_location == onnx.TensorProto.EXTERNAL
        for entry in tensor.external_data
        if entry.key == "location"
    }
    return [path.parent / name for name in sorted(names)]


def _read(path: Path) -> onnx.ModelProto:
    """Read a model without its files of weights; see `read_model`."""
    return _parsed(_content(path))


def _content(path: Path) -> bytes:
    """Content of a file that is not larger than protobuf can hold."""
    try:
        check_regular(path, LARGEST_FILE)
    except ValueError as error:
        raise InputError(f"{error} (weights can be kept in a file of their own)") from None
    return path.read_bytes()


def _parsed(content: bytes) -> onnx.ModelProto:
    """The model in the content of a file."""
    proto = onnx.ModelProto()
    try:
        proto.ParseFromString(content)
    except DecodeError:
        raise InputError("not an ONNX file, cut short, or nested too deeply") from None
    if not proto.graph.node:
        raise InputError("not an ONNX file, or one without any node")
    if not proto.graph.output:
        raise InputError("the graph has no output")
    for graph in graphs_of(proto):
        _check_external(graph)
    return proto


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


def graphs_of(proto: onnx.ModelProto) -> Iterator[onnx.GraphProto | onnx.FunctionProto]:
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


def _stored(graph: onnx.GraphProto | onnx.FunctionProto) -> list[onnx.TensorProto]:
    """Tensors that a graph stores, also in its nodes."""
    stored = list(graph.initializer) if isinstance(graph, onnx.GraphProto) else []
    return stored + [a.t for node in graph.node for a in node.attribute if a.HasField("t")]


def _check_external(graph: onnx.GraphProto | onnx.FunctionProto) -> None:
    for tensor in _stored(graph):
        for entry in tensor.external_data:
            location = str(entry.value) if entry.key == "location" else ""
            forms = (PurePosixPath(location), PureWindowsPath(location))
            if any(form.anchor or ".." in form.parts for form in forms):
                raise InputError(
                    f"tensor '{tensor.name}' keeps its data outside the model's folder: "
                    f"'{_cut(location)}'"
                )


# Inputs.
