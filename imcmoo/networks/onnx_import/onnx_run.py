"""Run ONNX networks with onnxruntime."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

from imcmoo.arrays import Values
from imcmoo.io.errors import InputError
from imcmoo.networks.onnx_import.reading import graphs_of

QUIET = 4
"""Log level of onnxruntime: fatal errors only."""

LOOPS = ("Loop", "Scan")
"""Operators that repeat a graph."""

MAX_CPU_S = 20.0
"""CPU time per run, s, after which a loop counts as endless; real networks take below 1 s."""

POLL_S = 0.05
"""Time between checks of a run that may be endless, s."""


def options(**settings: object) -> Any:
    """Options of a session without messages and with one thread.

    Args:
        settings: further fields of `onnxruntime.SessionOptions`.
    """
    made = onnxruntime.SessionOptions()
    made.log_severity_level = QUIET
    made.intra_op_num_threads = made.inter_op_num_threads = 1
    for name, value in settings.items():
        setattr(made, name, value)
    return made


def let_loops_be_stopped(model: onnx.ModelProto) -> bool:
    """Prepare a network for bounded runs; True if it has a `Loop` or `Scan`, whose steps only a run
    can tell.

    onnxruntime stops between two nodes, so a `Loop` whose graph has no nodes can never be stopped.
    Each such graph gets nodes that state that its step is not number -1.
    """
    nodes = [node for graph in graphs_of(model) for node in graph.node]
    for number, loop in enumerate(node for node in nodes if node.op_type == "Loop"):
        (body,) = (attribute.g for attribute in loop.attribute if attribute.name == "body")
        first, equal, other, goes_on = (
            f"imcmoo loop {number} {what}" for what in ("first", "equal", "other", "goes on")
        )
        minus_one = numpy_helper.from_array(np.array(-1))
        body.node.extend(
            [
                helper.make_node("Constant", [], [first], value=minus_one),
                helper.make_node("Equal", [body.input[0].name, first], [equal]),
                helper.make_node("Not", [equal], [other]),
                helper.make_node("And", [body.output[0].name, other], [goes_on]),
            ]
        )
        body.output[0].name = goes_on
    return any(node.op_type in LOOPS for node in nodes)


def run(
    session: Any, names: Iterable[str], inputs: Mapping[str, Values], *, bounded: bool
) -> list[Values]:
    """Run a session.

    Args:
        session: session of onnxruntime.
        names: names of the outputs.
        inputs: arrays by name.
        bounded: stop the run after `MAX_CPU_S`; see `let_loops_be_stopped`.

    Raises:
        InputError: the run was stopped.
        Exception: any error of onnxruntime.
    """
    if not bounded:
        return list(session.run(list(names), dict(inputs)))
    how = onnxruntime.RunOptions()
    how.log_severity_level = QUIET
    until = time.process_time() + MAX_CPU_S
    # Runs in a thread, since an interrupt does not reach a run in the main thread.
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(session.run, list(names), dict(inputs), how)
        try:
            while not running.done():
                if time.process_time() > until:
                    raise InputError(
                        f"a {' or '.join(LOOPS)} has not ended after {MAX_CPU_S:g} s of CPU time: "
                        "is it endless?"
                    )
                wait([running], timeout=POLL_S)
        finally:
            how.terminate = True
    return list(running.result())
