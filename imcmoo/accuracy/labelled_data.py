"""Labelled samples of a network, and metrics of its outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper

from imcmoo.accuracy.graph import CutNetwork
from imcmoo.accuracy.lowering import Tensors
from imcmoo.arrays import Floats, Ints, Values, real_numbers
from imcmoo.io.errors import InputError, input_errors
from imcmoo.io.named import call_own, check_takes, load
from imcmoo.io.reading import read_arrays
from imcmoo.networks.onnx_import.statistics import CALIBRATION, LABELS

METRICS = ("top1", "agreement", "cosine")
UNSCORED = 4
"""Without calibration arrays, the first 1/4 of the samples calibrates."""
BATCH = 16


@dataclass(frozen=True, eq=False)
class Samples:
    """Samples of a network.

    Args:
        inputs: one array per input, samples on the first axis.
        inner: True if a sample has the first axis of the network itself; it then cannot be batched.
    """

    inputs: Tensors
    inner: bool

    def __len__(self) -> int:
        return len(next(iter(self.inputs.values())))

    def part(self, samples: slice | Ints) -> Samples:
        """Samples of an index."""
        return Samples({n: v[samples] for n, v in self.inputs.items()}, self.inner)

    def batches(self, size: int) -> Iterator[Tensors]:
        """Inputs of the network, `size` samples at a time."""
        for at in range(0, len(self), 1 if self.inner else size):
            index: Any = at if self.inner else slice(at, at + size)
            yield {name: np.ascontiguousarray(v[index]) for name, v in self.inputs.items()}


@dataclass(frozen=True, eq=False)
class LabelledData:
    """Scored samples, their labels or None, and calibration samples."""

    scored: Samples
    labels: Values | None
    calibration: Samples

    @classmethod
    def read(cls, path: Path, network: CutNetwork, count: int | None = None) -> LabelledData:
        """Read an .npz with one array per input and `labels`.

        Args:
            path: the file. Arrays `calibration/INPUT` are optional; without them, the first quarter
                of the samples calibrates and is not scored.
            network: the network.
            count: number of scored samples. If None, all.

        Raises:
            InputError: names, ranks or lengths do not fit the network, or inputs are not finite.
        """
        try:
            arrays = dict(read_arrays(path, "an .npz file of plain arrays"))
        except ValueError as error:
            raise InputError(str(error)) from None
        labels = arrays.pop(LABELS, None)
        inputs = {n: v for n, v in arrays.items() if not n.startswith(CALIBRATION)}
        samples = _samples(path, network, inputs)
        if labels is not None and (labels.ndim == 0 or len(labels) != len(samples)):
            raise InputError(f"{path}: {len(samples)} samples, but labels of shape {labels.shape}")
        calibrating = {n.removeprefix(CALIBRATION): v for n, v in arrays.items() if n not in inputs}
        calibration = _samples(path, network, calibrating) if calibrating else None
        skip = 0
        if calibration is None:
            skip = -(-len(samples) // UNSCORED)
            calibration = samples.part(slice(skip))
        scored = samples.part(slice(skip, None)).part(slice(count))
        if not len(scored):
            raise InputError(f"{path}: no samples are left to score")
        labels = None if labels is None else labels[skip:][:count]
        return cls(scored, labels, calibration)


def _samples(path: Path, network: CutNetwork, arrays: Mapping[str, Values]) -> Samples:
    wanted = {i.name: i for i in network.inputs}
    if set(arrays) != set(wanted):
        raise InputError(
            f"{path}: arrays {', '.join(sorted(arrays)) or 'none'}, but the network's inputs are "
            f"{', '.join(wanted)}"
        )
    extra = {name: _extra_axes(path, arrays[name], info) for name, info in wanted.items()}
    lengths = {len(v) for v in arrays.values()}
    if len(lengths) > 1 or 0 in lengths or len(set(extra.values())) > 1:
        shapes = ", ".join(f"{n} {v.shape}" for n, v in arrays.items())
        raise InputError(f"{path}: inputs must have samples on their first axis: {shapes}")
    typed = {name: _typed(path, name, arrays[name], info) for name, info in wanted.items()}
    return Samples(typed, inner=1 in extra.values())


def _extra_axes(path: Path, values: Values, info: onnx.ValueInfoProto) -> int:
    """Axes of an array beyond those of the network's input: 0, or 1 for samples."""
    shape = info.type.tensor_type
    rank = len(shape.shape.dim) if shape.HasField("shape") else values.ndim
    if values.ndim == 0 or values.ndim - rank not in (0, 1):
        raise InputError(
            f"{path}: {info.name} has shape {values.shape}, but the network's input has rank {rank}"
        )
    return values.ndim - rank


def _typed(path: Path, name: str, values: Values, info: onnx.ValueInfoProto) -> Values:
    """Convert an array to the type of the input."""
    kind = helper.tensor_dtype_to_np_dtype(info.type.tensor_type.elem_type)
    with input_errors(f"{path}: "):
        real_numbers(values, name)
    if values.dtype.kind == "f" and kind.kind in "iub":
        raise InputError(f"{path}: {name} holds {values.dtype}, but the network takes {kind}")
    with np.errstate(over="ignore"):
        typed = values.astype(kind)
    if kind.kind == "f" and not np.isfinite(typed).all():
        raise InputError(f"{path}: {name} holds numbers that are not finite")
    return typed


def run_all(run: Callable[[Tensors], Tensors], samples: Samples, size: int) -> Tensors:
    """Run a network on all samples; outputs have samples on the first axis.

    Args:
        run: the network.
        samples: its inputs.
        size: samples per run.

    Raises:
        InputError: outputs of different samples differ in shape.
    """
    parts = [run(batch) for batch in samples.batches(size)]
    return joined(parts, single=size == 1 or samples.inner)


def joined(parts: Sequence[Tensors], *, single: bool) -> Tensors:
    """Outputs of all batches, with samples on the first axis.

    Args:
        parts: outputs of each batch.
        single: whether a batch is one sample, whose outputs may lack the axis of samples.

    Raises:
        InputError: outputs of different samples differ in shape.
    """
    if single:
        parts = [{n: v if v.shape[:1] == (1,) else v[None] for n, v in p.items()} for p in parts]
    try:
        return {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}
    except ValueError:
        raise InputError("outputs of different samples differ in shape") from None


def batch_size(network: CutNetwork, samples: Samples) -> int:
    """Samples per run: several if that changes no output."""
    two = samples.part(slice(2))
    alone = run_all(network.run_whole, two, 1)
    try:
        both = network.run_whole(next(two.batches(2)))
    except InputError:
        return 1
    same = all(
        alone[n].shape == v.shape and np.allclose(alone[n], v, rtol=1e-3, atol=1e-4)
        for n, v in both.items()
    )
    return BATCH if same else 1


@dataclass(frozen=True)
class Metric:
    """A metric of outputs.

    Args:
        name: one of `METRICS`, or `module:function` of outputs by name and labels.
        output: name of the scored output.
    """

    name: str
    output: str

    def check(self, labels: Values | None) -> None:
        """Check that the metric can score data.

        Raises:
            InputError: the metric is unknown, its arguments are wrong, or there are no labels.
        """
        if ":" in self.name or self.name not in METRICS:
            try:
                check_takes(load(self.name, "metric", known=METRICS), self.name, {}, labels)
            except ValueError as error:
                raise InputError(str(error)) from None
        elif self.name == "top1":
            if labels is None or labels.ndim != 1:
                raise InputError("top1 needs labels, one number per sample")
            if labels.dtype.kind not in "iuf" or (labels != np.floor(labels)).any():
                raise InputError("top1 needs labels that are whole numbers, from 0")

    def scores(self, outputs: Tensors, labels: Values | None, reference: Tensors) -> Floats:
        """Score of each sample, shape (n,), or one for all, shape (1,); 0 to 1.

        A sample with an output that is not finite scores 0.

        Args:
            outputs: samples on the first axis.
            labels: shape (n, …).
            reference: outputs of the float network.

        Raises:
            InputError: the outputs cannot be scored by this metric.
        """
        if ":" in self.name:
            function = load(self.name, "metric", known=METRICS)
            values = np.atleast_1d(
                np.asarray(call_own(function, outputs, labels), dtype=np.float64)
            )
            if values.ndim != 1 or not np.isfinite(values).all():
                raise InputError(f"{self.name} must return one number, or one per sample")
            return values
        with np.errstate(invalid="ignore"):
            scores = self._of_each(outputs[self.output], labels, reference[self.output])
        finite = np.isfinite(outputs[self.output]).reshape(len(scores), -1).all(axis=1)
        return np.where(finite, scores, 0.0)

    @property
    def reads_all(self) -> bool:
        """True if the metric takes all outputs, not only the scored one."""
        return ":" in self.name

    def _of_each(self, values: Values, labels: Values | None, ideal: Values) -> Floats:
        if self.name == "cosine":
            a, b = (v.reshape(len(v), -1).astype(np.float64) for v in (values, ideal))
            lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
            return (a * b).sum(axis=1) / np.where(lengths > 0, lengths, 1)
        if self.name == "agreement":
            same = values.argmax(axis=-1) == ideal.argmax(axis=-1)
            return same.reshape(len(same), -1).mean(axis=1)
        classes = values.reshape(len(values), -1)
        if classes.shape[1] != values.shape[-1]:
            raise InputError(
                f"top1 needs one row of classes per sample, but {self.output} has shape "
                f"{values.shape[1:]}: choose another --output, or --metric module:function"
            )
        assert labels is not None
        outside = labels[(labels < 0) | (labels >= classes.shape[1])]
        if len(outside):
            raise InputError(
                f"label {outside[0]:g} is none of the {classes.shape[1]} classes of {self.output}, "
                "which are counted from 0"
            )
        return (classes.argmax(axis=1) == labels).astype(np.float64)
