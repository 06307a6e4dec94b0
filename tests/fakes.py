"""Stand-ins for the cost model: the same interface, made-up but plausible numbers."""

from dataclasses import replace

import numpy as np

from imcmoo.model.cost_model import CostModel
from imcmoo.model.metrics import AREA, ENERGY, LATENCY, Metrics, Quantity, Resource
from imcmoo.networks.workloads import BITS, Workload
from imcmoo.problem.criteria import Criterion
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.record.evaluations import Evaluations
from imcmoo.space.design_space import DesignSpace
from imcmoo.space.parameters import Categorical, Ordinal

SNR = Quantity("snr", "dB", sense="max", scale="interval")


def network(shapes, name="made up", *, kinds=None, strides=None, bits=None):
    """A network of layers of these sizes C, M, P, Q, R, S, G, N.

    Args:
        bits: densities of inputs and of weights, shape (n_layers, 8) each; 0.5 by default.
    """
    n = len(shapes)
    inputs, weights = bits or [np.full((n, BITS), 0.5)] * 2
    return Workload(
        name=name,
        layers=tuple(f"layer{i}" for i in range(n)),
        kinds=kinds or ("Conv2d",) * n,
        shapes=np.array(shapes),
        strides=np.ones((n, 2), dtype=np.int64) if strides is None else strides,
        input_bits=inputs,
        weight_bits=weights,
    )


class FakeEvaluator(CostModel):
    """Analytic costs of a design, quick and without component table or mapping."""

    quantities = (ENERGY, LATENCY, AREA)
    resource_names = ("cells", "buffer_bits")

    def __init__(self, space: DesignSpace, n_workloads: int = 4) -> None:
        self.space = space
        self.workload_names = [f"net{i}" for i in range(n_workloads)]
        self.demand_cells = 8e6 * 4.0 ** np.arange(n_workloads)
        self.mapping_parameters = self.screened_by = tuple(
            name for name in space.names if name not in ("voltage_V", "cycle_s")
        )

    def resources(self, levels):
        d = self.space.decode(levels)
        columns = d["cols"] * d["macros_per_tile"] * d["tiles_per_group"] * d["router_groups"]
        cells = columns * d["rows"].astype(float)
        bits = d["glb_depth"] * 2048.0
        needed = self.demand_cells[None] / d["bits_per_cell"][:, None]
        lacking_bits = np.maximum(0.0, 2.0e7 - bits)[:, None]
        return Metrics(
            {"area": columns * 850e-12 + bits * 0.35e-12},
            {
                "cells": Resource(cells, np.maximum(0.0, needed - cells[:, None])),
                "buffer_bits": Resource(bits, lacking_bits * np.ones(len(self.workload_names))),
            },
        )

    def screen(self, levels):
        known = self.resources(levels)
        bits = known.resources["buffer_bits"]
        unknown = replace(bits, missing=np.zeros_like(bits.missing))
        return replace(known, resources={**known.resources, "buffer_bits": unknown})

    def evaluate(self, levels):
        d = self.space.decode(levels)
        known = self.resources(levels)
        scale = np.arange(1, len(self.workload_names) + 1)[None]
        energy = 1e-3 * scale * (d["voltage_V"] ** 2 * (1 + 64 / d["rows"]))[:, None]
        energy = energy + 1e-12 * d["glb_depth"][:, None]
        latency = scale * (d["cycle_s"] * 1e6 / np.sqrt(known.resources["cells"].own))[:, None]
        # The more rows are read at once, the less of a level remains: from about 12 dB down.
        snr = 6.0 * (7.0 - np.log2(d["rows"]))[:, None] - scale
        nan = np.where(known.runs, 1.0, np.nan)
        values = {"energy": energy, "latency": latency, "utilization": 0.5, "snr": snr}
        return replace(known, values={n: v * nan for n, v in values.items()} | dict(known.values))


class NoisyEvaluator(FakeEvaluator):
    """Has an objective that may be negative and is to be large."""

    quantities = (ENERGY, LATENCY, AREA, SNR)


class BareEvaluator(CostModel):
    """A cost model with no optional methods."""

    quantities = FakeEvaluator.quantities
    resource_names = FakeEvaluator.resource_names

    def __init__(self, space: DesignSpace, n_workloads: int = 4) -> None:
        self.space = space
        self._able = FakeEvaluator(space, n_workloads)
        self.workload_names = self._able.workload_names

    def evaluate(self, levels):
        return self._able.evaluate(levels)


class LimitlessEvaluator(BareEvaluator):
    """A cost model in which networks lack nothing, ever."""

    resource_names = ()

    def __init__(self, space: DesignSpace, n_workloads: int = 4) -> None:
        super().__init__(space, n_workloads)
        self._able.demand_cells = np.zeros(n_workloads)
        self.space = space.fix("glb_depth", max(space.values_of("glb_depth")))

    def evaluate(self, levels):
        at = self._able.space.names.index("glb_depth")
        deepest = self._able.space.shape[at] - 1
        return Metrics(self._able.evaluate(np.insert(levels, at, deepest, axis=1)).values, {})


def fake_problem(
    space: DesignSpace, n_workloads: int = 4, *, model=FakeEvaluator, area_limit_m2=800e-6, **more
) -> AcceleratorProblem:
    """The problem of a stand-in, with the paper's limit on the area."""
    return AcceleratorProblem(model(space, n_workloads), area_limit_m2=area_limit_m2, **more)


SMALL = DesignSpace(
    name="small",
    parameters=(
        Categorical("voltage_V", (0.7, 0.5, 0.6)),
        Categorical("bits_per_cell", (4, 1, 2)),
        Ordinal("cycle_s", (1e-9, 2e-9)),
        Ordinal("rows", (64, 128, 256)),
        Ordinal("cols", (64, 128)),
        Ordinal("router_groups", (4, 8)),
        Ordinal("tiles_per_group", (8, 16)),
        Ordinal("macros_per_tile", (8, 16, 32)),
        Ordinal("glb_depth", (4096, 16384)),
    ),
)
"""A space of both kinds of parameters that can be enumerated: 2,592 designs."""


class Stated:
    """Stands for a problem whose designs have the objectives F and constraints G they are given."""

    model = FakeEvaluator(SMALL)
    model.resource_names = ()

    def __init__(self, space, F, G):
        self.space, self.n_obj, self.n_constr = space, F.shape[1], G.shape[1]

    def score(self, levels, metrics):
        return metrics.values["F"], metrics.values["G"]


def evaluations_of(levels, F, G, *, space=SMALL, batch=None):
    """Evaluations with these objectives and constraints, in generations of `batch` designs."""
    evaluations = Evaluations(Stated(space, F, G))
    step = batch or max(1, len(levels))
    for k, start in enumerate(range(0, len(levels), step)):
        rows = slice(start, start + step)
        stated = Metrics({"F": F[rows], "G": G[rows]}, {})
        evaluations.append(levels[rows], stated, generation=k)
    return evaluations


def _sum(costs):
    return costs["energy"].sum(axis=1)


SUM = Criterion("sum", _sum, needs=("energy",))
"""A criterion of a user's: the energy of all networks together."""
