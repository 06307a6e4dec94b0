"""An ONNX network cut at the layers with stored weights."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from imcmoo.accuracy.lowering import LayerProduct, MappedLayer, Tensors
from imcmoo.accuracy.recurrent import USUAL, RecurrentNode, recurrent_node
from imcmoo.arrays import Values
from imcmoo.io.errors import InputError, input_errors
from imcmoo.io.named import one_line
from imcmoo.networks.onnx_import import onnx_run
from imcmoo.networks.onnx_import.nodes import RANDOM
from imcmoo.networks.onnx_import.reading import graphs_of, read_with_weights
from imcmoo.networks.onnx_import.subgraphs import inner_graphs, inputs_behind, name_of, reads
from imcmoo.networks.workload_csv import allowed_name
from imcmoo.networks.workloads import SHIPPED, TRUE_NETWORKS

Stage = MappedLayer | RecurrentNode
"""A node on the chip, with one or several layers."""

MAPPED = ("Conv", "Gemm", "MatMul")
FUSED = "/MatMulAddFusion"
"""End of the name that onnxruntime gives a product with its bias."""
SHAPES = ("Shape", "Size")
"""Operators whose outputs depend on the shapes of inputs only, not on their values."""
OPEN_SHAPES = ("Compress", "NonMaxSuppression", "NonZero", "Unique")
"""Operators whose outputs have shapes that depend on values."""
PASSING = ("Reshape", "Expand", "Squeeze", "Unsqueeze", "Identity", "Max")
"""Operators allowed between a reduction and its use."""


class CutNetwork:
    """A network as pieces that run in float and mapped layers between them.

    Create it, then call `run` with a function that computes the product of each mapped layer.

    Args:
        path: the ONNX file.
        only: names of the layers to map. If None, all.
        output: the scored output. If None, the first.

    Raises:
        InputError: the file cannot be run, has no mapped layer, or has one inside control flow.
    """

    def __init__(
        self, path: Path, only: Collection[str] | None = None, *, output: str | None = None
    ) -> None:
        self._path = path
        self.model = _normalised(path)
        self._bounded = onnx_run.let_loops_be_stopped(self.model)
        graph = self.model.graph
        self._stored = {t.name: t for t in graph.initializer}
        self.inputs = [i for i in graph.input if i.name not in self._stored]
        self.outputs = [o.name for o in graph.output]
        if output is not None and output not in self.outputs:
            outputs = ", ".join(self.outputs)
            raise InputError(f"{path}: no output '{output}'; there are {outputs}")
        self.output = output or self.outputs[0]
        with input_errors(f"{path}: "):
            stages = list(self._mapped_nodes())
        if not stages:
            raise InputError(
                f"{path}: no {', '.join(MAPPED)}, {', '.join(USUAL)} has stored weights"
            )
        self.layer_names = [layer.name for stage in stages for layer in stage.layers]
        chosen = stages if only is None else [stage.only(only) for stage in stages]
        self._stages = [stage for stage in chosen if stage is not None and stage.layers]
        self.layers = [layer for stage in self._stages for layer in stage.layers]
        self._order = _pieces(graph.node, self._stages)
        self._whole: Any = None
        self._sessions: list[Any] | None = None

    @property
    def layers_by_result(self) -> dict[str, list[str]]:
        """Names of the layers of each node on the chip, by the tensors that the node writes."""
        return {
            name: [layer.name for layer in stage.layers]
            for stage in self._stages
            for name in stage.results
        }

    @property
    def results(self) -> set[str]:
        """Tensors written by nodes on the chip."""
        return set(self.layers_by_result)

    @property
    def logits(self) -> str:
        """Input of the Softmax of the scored output, or else that output.

        The Softmax may be expanded: exp(x - max x) over its sum.
        """
        makers = {name: node for node in self.model.graph.node for name in node.output}
        last = makers.get(self.output, onnx.NodeProto())
        if last.op_type in ("Softmax", "LogSoftmax"):
            return str(last.input[0])
        powers = makers.get(last.input[0]) if last.op_type == "Div" else None
        if powers is None or powers.op_type != "Exp":
            return self.output
        if not _reduces(last.input[1], "ReduceSum", powers.output[0], makers):
            return self.output
        source = str(powers.input[0])
        shift = makers.get(source, onnx.NodeProto())
        if shift.op_type == "Sub" and _reduces(shift.input[1], "ReduceMax", shift.input[0], makers):
            return str(shift.input[0])
        return source

    @property
    def wanted(self) -> list[str]:
        """Names of the outputs and logits."""
        return list(dict.fromkeys([*self.outputs, self.logits]))

    def run_whole(self, inputs: Tensors) -> Tensors:
        """Outputs and logits of the uncut network."""
        if self._whole is None:
            self._whole = self.session(self.with_outputs(self.wanted))
        return dict(zip(self.wanted, self.call(self._whole, self.wanted, inputs), strict=True))

    @property
    def layers_by_node(self) -> list[list[MappedLayer]]:
        """Layers of each node on the chip, in order."""
        return [list(stage.layers) for stage in self._stages]

    def run(self, inputs: Tensors, product: LayerProduct, start: int = 0) -> Tensors:
        """Outputs and logits of the network with mapped layers computed by `product`.

        Args:
            inputs: inputs of the network, or tensors that `advanced` returned.
            product: computes the product of a mapped layer.
            start: number of nodes on the chip whose results are among these tensors.
        """
        tensors = self.advanced(inputs, product, start, len(self._stages) + 1)
        return {name: tensors[name] for name in self.wanted}

    def advanced(
        self, tensors: Tensors, product: LayerProduct, start: int, stop: int
    ) -> dict[str, Values]:
        """Tensors that are read after the first `stop` nodes on the chip, from those read after the
        first `start`; see `run`."""
        tensors = dict(tensors)
        if self._sessions is None:
            self._sessions = self._cut(tensors)
        pieces = zip(self._sessions, [*self._stages, None], self._last_uses, strict=True)
        for session, stage, dead in islice(pieces, start, stop):
            if session is not None:
                needed = {i.name: tensors[i.name] for i in session.get_inputs()}
                names = [o.name for o in session.get_outputs()]
                tensors.update(zip(names, self.call(session, names, needed), strict=True))
            if stage is not None:
                tensors.update(stage.run(tensors, product))
            for name in dead:
                tensors.pop(name, None)
        return tensors

    def _mapped_nodes(self) -> Iterator[Stage]:
        """Nodes with stored weights that a chip can hold, in order, under unique names."""
        taken: set[str] = set()
        varying, of_open_shape = {i.name for i in self.inputs}, set[str]()
        for node in self.model.graph.node:
            if varying.isdisjoint(reads(node)):
                continue  # done once, before the network runs
            if node.op_type in OPEN_SHAPES or not of_open_shape.isdisjoint(reads(node)):
                of_open_shape.update(node.output)
            if node.op_type not in SHAPES or not of_open_shape.isdisjoint(reads(node)):
                varying.update(node.output)
            for inner in _inner_nodes(node):
                if inner.op_type in MAPPED:
                    raise InputError(self._in_control_flow(inner, node))
            stem = name_of(node).removesuffix(FUSED)
            name = _unique(allowed_name(stem), taken)
            if node.input[0] in varying and _is_mapped(node, self._stored):
                stage: Stage | None = _layer(name, node, self._stored)
            elif node.op_type in USUAL:
                arrays = {
                    n: numpy_helper.to_array(self._stored[n])
                    for n in node.input
                    if n in self._stored
                }
                stage = recurrent_node(name, node, _attributes(node), arrays)
            else:
                stage = None
            if stage is not None:
                names = {layer.name for layer in stage.layers}
                if names & taken:
                    raise InputError(
                        f"{self._path}: two layers have the name '{min(names & taken)}'"
                    )
                taken |= names
                yield stage

    def _in_control_flow(self, inner: onnx.NodeProto, node: onnx.NodeProto) -> str:
        """Why a layer inside a node is refused."""
        why = f"{self._path}: {inner.op_type} inside {node.op_type} '{node.name}': "
        inputs = inputs_behind(node.input[0], self.model.graph) if node.op_type == "If" else []
        if inputs:
            why += f"its condition depends on the input {', '.join(inputs)}; store it in the file: "
        return f"{why}layers in control flow cannot be simulated"

    def _cut(self, inputs: Tensors) -> list[Any]:
        """Sessions of the pieces; None for an empty piece."""
        types = self.examples(inputs)
        needs = self._needs()
        return [
            self.session(self._piece(nodes, needs[at + 1 :], at, types)) if nodes else None
            for at, nodes in enumerate(self._order)
        ]

    def _piece(
        self, nodes: Sequence[onnx.NodeProto], later: Sequence[set[str]], at: int, types: Tensors
    ) -> onnx.ModelProto:
        """Model of one piece of nodes; `types` are examples of all tensors."""
        made = {name for node in nodes for name in node.output if name}
        wanted = set(self.wanted).union(*later)
        if at < len(self._stages):
            wanted |= self._stages[at].reads
        read = dict.fromkeys(n for node in nodes for n in reads(node) if n not in made)
        graph = helper.make_graph(
            list(nodes),
            f"piece{at}",
            [_value_info(name, types[name]) for name in read if name not in self._stored],
            [onnx.ValueInfoProto(name=name) for name in sorted(made & wanted)],
            [self._stored[name] for name in read if name in self._stored],
        )
        piece = onnx.ModelProto(ir_version=self.model.ir_version, graph=graph)
        piece.opset_import.extend(self.model.opset_import)
        piece.functions.extend(self.model.functions)
        return piece

    def _needs(self) -> list[set[str]]:
        """Tensors that each piece, and the layer after it, read from outside."""
        needs: list[set[str]] = [{n for node in p for n in reads(node)} for p in self._order]
        for need, stage in zip(needs, self._stages, strict=False):
            need |= stage.reads
        return needs

    @cached_property
    def _last_uses(self) -> list[set[str]]:
        """Tensors that no later piece or layer reads, by piece."""
        kept = set(self.wanted)
        dead: list[set[str]] = []
        for need in reversed(self._needs()):
            dead.append(need - kept)
            kept |= need
        return dead[::-1]

    def examples(self, inputs: Tensors) -> Tensors:
        """Example of every tensor, from one run."""
        made = [name for node in self.model.graph.node for name in node.output if name]
        session = self.session(self.with_outputs(made))
        return {**inputs, **dict(zip(made, self.call(session, made, inputs), strict=True))}

    def origin_of_not_finite(self, name: str, inputs: Tensors) -> str:
        """Name the first node with results that are not finite.

        Args:
            name: name of the output.
            inputs: inputs for which it is not finite.
        """
        values = self.examples(inputs)
        makers = {output: node for node in self.model.graph.node for output in node.output}
        while True:
            node = makers[name]
            which = f"{node.op_type} '{node.name or name}'"
            wrong = [n for n in reads(node) if n in values and not is_finite(values[n])]
            if not wrong:
                break
            name = wrong[0]
        return which + self._held_not_finite(node)

    def layer_not_finite(self) -> str:
        """Name the first node on the chip that stores numbers that are not finite, and where; empty
        if there is none.

        Outputs may be finite nevertheless: a later node may hide the others.
        """
        for node in self.model.graph.node:
            held = self._held_not_finite(node) if self.results & {*node.output} else ""
            if held:
                return f"{node.op_type} '{node.name or node.output[0]}'{held}"
        return ""

    def _held_not_finite(self, node: onnx.NodeProto) -> str:
        """Names the first tensor of the file that a node reads and that is not finite."""
        read = {n: numpy_helper.to_array(self._stored[n]) for n in reads(node) if n in self._stored}
        held = [n for n, stored in read.items() if not is_finite(stored)]
        return f", whose stored '{held[0]}' is not finite" if held else ""

    def with_outputs(self, names: Iterable[str]) -> onnx.ModelProto:
        """Copy of the whole network with other outputs."""
        changed = onnx.ModelProto()
        changed.CopyFrom(self.model)
        del changed.graph.output[:]
        changed.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
        return changed

    def session(self, model: onnx.ModelProto) -> Any:
        """Create a session of onnxruntime.

        Raises:
            InputError: the model cannot be run.
        """
        try:
            return onnxruntime.InferenceSession(model.SerializeToString(), onnx_run.options())
        except Exception as error:  # onnxruntime's own errors share no base class
            raise InputError(f"{self._path}: cannot be run: {one_line(error)}") from None

    def call(self, session: object, names: Sequence[str], inputs: Tensors) -> list[Values]:
        """Run a session for some outputs.

        Raises:
            InputError: the inputs do not fit the network, or a loop does not end.
        """
        try:
            return onnx_run.run(session, names, inputs, bounded=self._bounded)
        except Exception as error:
            raise InputError(
                f"{self._path}: cannot be run on the data: {one_line(error)}"
            ) from None


def is_finite(values: Values) -> bool:
    """True if all numbers are finite; other types count as finite."""
    return values.dtype.kind not in "fc" or bool(np.isfinite(values).all())


def _normalised(path: Path) -> onnx.ModelProto:
    """The network with folded constants and batch normalisation."""
    if not path.is_file():
        shipped = str(path) in (*SHIPPED, *TRUE_NETWORKS)
        reason = "is a shipped table of layer sizes; the weights of a network are in its ONNX file"
        raise InputError(f"{path} {reason if shipped else 'does not exist'}")
    with input_errors(f"{path}: ", InputError):
        model = read_with_weights(path)
    for node in model.graph.node:  # a fused node has the name of the first, but the last output
        node.name = name_of(node)
    try:
        model = _optimised(model)
        # onnxruntime widens weights in half precision by nodes, which a second pass folds.
        if any(t.data_type == onnx.TensorProto.FLOAT16 for t in model.graph.initializer):
            model = _optimised(model)
    except Exception as error:  # onnxruntime's own errors share no base class
        raise InputError(f"{path}: cannot be read: {one_line(error)}") from None
    with input_errors(f"{path}: ", InputError):
        _check_same_each_time(model)
    return model


def _optimised(model: onnx.ModelProto) -> onnx.ModelProto:
    """The network after the basic optimizations of onnxruntime."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "normalised.onnx"
        options = onnx_run.options(
            graph_optimization_level=onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC,
            optimized_model_filepath=str(file),
        )
        onnxruntime.InferenceSession(model.SerializeToString(), options)
        return onnx.load(file)


def _check_same_each_time(model: onnx.ModelProto) -> None:
    """Refuse networks that draw random numbers."""
    for graph in graphs_of(model):
        constants = {t.name: t for t in getattr(graph, "initializer", ())}
        for node in graph.node:
            trains = node.op_type == "Dropout" and len(node.input) > 2
            if trains and node.input[2] in constants:
                trains = bool(numpy_helper.to_array(constants[node.input[2]]).any())
            if node.op_type in RANDOM or trains:
                raise InputError(
                    f"node '{name_of(node)}' ({node.op_type}) draws random numbers, "
                    "so that no score can be repeated: replace it by a constant"
                )


def _is_mapped(node: onnx.NodeProto, stored: Mapping[str, onnx.TensorProto]) -> bool:
    if node.op_type not in MAPPED or node.domain not in ("", "ai.onnx"):
        return False
    weights = stored.get(node.input[1])
    if weights is None:
        return False
    if node.op_type == "Conv":
        return len(weights.dims) > 2
    return len(weights.dims) == 2 and not _attributes(node).get("transA", 0)


def _layer(name: str, node: onnx.NodeProto, stored: Mapping[str, onnx.TensorProto]) -> MappedLayer:
    attributes = _attributes(node)
    weights = numpy_helper.to_array(stored[node.input[1]]).astype(np.float64)
    if not weights.size:
        raise ValueError(f"layer {name} has weights of shape {weights.shape}, so none at all")
    name_of_bias = node.input[2] if len(node.input) > 2 else ""
    bias: NDArray[np.float64] | str | None = name_of_bias or None
    if name_of_bias in stored:
        bias = numpy_helper.to_array(stored[name_of_bias]).astype(np.float64)
    common: dict[str, Any] = {
        "name": name,
        "matrix": node.input[1],
        "source": node.input[0],
        "result": node.output[0],
        "bias": bias,
        "bias_factor": float(attributes.get("beta", 1.0)),
    }
    if node.op_type != "Conv":
        matrix = weights.T if attributes.get("transB", 0) else weights
        return MappedLayer(weights=float(attributes.get("alpha", 1.0)) * matrix[None], **common)
    kernel = weights.shape[2:]
    ones = (1,) * len(kernel)
    groups = int(attributes.get("group", 1))
    if groups < 1 or len(weights) % groups:
        raise ValueError(f"layer {name} has {len(weights)} channels in {groups} groups")
    pads: Any = tuple(attributes.get("pads", (0,) * (2 * len(kernel))))
    automatic = attributes.get("auto_pad", b"NOTSET").decode()
    if automatic.startswith("SAME"):
        pads = automatic
    return MappedLayer(
        weights=weights.reshape(groups, len(weights) // groups, -1).transpose(0, 2, 1),
        kernel=kernel,
        strides=tuple(attributes.get("strides", ones)),
        dilations=tuple(attributes.get("dilations", ones)),
        pads=pads,
        **common,
    )


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    return {a.name: helper.get_attribute_value(a) for a in node.attribute}


def _unique(stem: str, taken: Collection[str]) -> str:
    """The name, with a number appended if it is taken."""
    name, again = stem, 1
    while name in taken:
        again += 1
        name = f"{stem}_{again}"
    return name


def _pieces(nodes: Iterable[onnx.NodeProto], stages: Sequence[Stage]) -> list[list[onnx.NodeProto]]:
    """Nodes before, between and after those on the chip, in order."""
    pieces: list[list[onnx.NodeProto]] = [[]]
    results = set().union(*(stage.results for stage in stages))
    for node in nodes:
        if results.intersection(node.output):
            pieces.append([])
        else:
            pieces[-1].append(node)
    return pieces


def _reduces(name: str, operator: str, source: str, makers: Mapping[str, onnx.NodeProto]) -> bool:
    """True if a tensor is a reduction of another, possibly reshaped or clipped below."""
    node = makers.get(name)
    if node is None or node.op_type == operator:
        return node is not None and node.input[0] == source
    return node.op_type in PASSING and any(
        _reduces(each, operator, source, makers) for each in node.input
    )


def _inner_nodes(node: onnx.NodeProto) -> Iterator[onnx.NodeProto]:
    for graph in inner_graphs(node):
        for inner in graph.node:
            yield inner
            yield from _inner_nodes(inner)


def _value_info(name: str, example: Values) -> onnx.ValueInfoProto:
    kind = helper.np_dtype_to_tensor_dtype(np.asarray(example).dtype)
    return helper.make_tensor_value_info(name, kind, None)
