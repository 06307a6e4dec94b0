"""Explain designs: what the cost model tells about them and their neighbours."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from imcmoo.answers import assessment
from imcmoo.answers.assessment import (
    EvaluatedDesigns,
    power,
    tera_operations,
    with_neighbours,
    with_unit,
)
from imcmoo.answers.explanation import GENERIC, OPERANDS, SNR_SOURCE, TABLES, Explanation
from imcmoo.answers.generation import generation_figures
from imcmoo.answers.list_ends import ends_table, open_ends
from imcmoo.answers.results import Results
from imcmoo.answers.served_design import SCENARIO, ServedDesign
from imcmoo.arrays import Floats
from imcmoo.exact.certificate import BEST_FOUND
from imcmoo.io.errors import InputError, input_errors
from imcmoo.io.units import display_column, to_display
from imcmoo.model.metrics import LayerCosts
from imcmoo.problem.criteria import Criterion
from imcmoo.problem.identity import other_numbers
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import regret
from imcmoo.record.evaluations import Evaluations
from imcmoo.space.design_space import Levels

FEW_LAYERS = 8
"""Layers listed per network if a design is not explained in full."""

THIS_DESIGN = "this design"
"""Reference of scores if the optimum of each network is unknown."""

MAX_FRONT_DESIGNS = 50
"""Largest number of explained designs of the front."""


def explain(
    problem: AcceleratorProblem,
    criterion: Criterion,
    levels: Levels,
    names: Sequence[tuple[str, ...]],
    *,
    n_in_full: int | None = None,
    reference_edap: Floats | None = None,
    reference: str = BEST_FOUND,
    record: Evaluations | None = None,
    costs: LayerCosts | None = None,
    served: ServedDesign | None = None,
    on_explained: Callable[[int, int], None] = lambda done, total: None,
) -> list[Explanation]:
    """Explain designs; evaluates them and their neighbours together.

    Args:
        problem: the design problem.
        criterion: criterion to compare them with their neighbours.
        levels: the designs, shape (n, n_parameters).
        names: names of each design.
        n_in_full: number of leading designs with all layers; others list those with most energy. If
            None, all.
        reference_edap: best known EDAP of each network, J·s·mm², shape (W,). If None, criteria that
            need it compare with each design itself.
        reference: kind of `reference_edap`, `EXACT` or `BEST_FOUND`.
        record: evaluations of the problem; its designs are not evaluated again.
        costs, served: breakdown and service of the first design. If None, they are worked out.
        on_explained: called with the number of explained designs and of all.
    """
    assessed = [*with_neighbours(problem, levels, record)]
    n_done = 0 if costs is None else 1
    of_others = problem.model.breakdown(levels[n_done:]) if len(levels) > n_done else None
    explanations = []
    for row, steps in enumerate(assessed):
        if row >= n_done:
            costs = None if of_others is None else of_others.take(np.array([row - n_done]))
        run = [n for n, r in zip(problem.workload_names, steps[0].runs[0], strict=True) if r]
        most = None if n_in_full is None or row < n_in_full else FEW_LAYERS
        tables = {
            "networks": _networks(steps[0], reference_edap, costs),
            **_broken_down(run, costs, most),
        }
        if row > 0 or served is None:
            served = ServedDesign.if_served(problem.model, steps[0].levels, steps[0].metrics, costs)
        last = {} if served is None else {SCENARIO: served.table, "power": served.power_table}
        explanations.append(
            _explanation(names[row], steps, criterion, reference_edap, reference, tables, last)
        )
        on_explained(row + 1, len(levels))
    return explanations


def _explanation(
    names: tuple[str, ...],
    steps: tuple[EvaluatedDesigns, EvaluatedDesigns],
    criterion: Criterion,
    reference_edap: Floats | None,
    reference: str,
    tables: Mapping[str, pd.DataFrame],
    last: Mapping[str, pd.DataFrame],
) -> Explanation:
    """Compare one design with its neighbours; `tables` come first, and `last` last."""
    design, around = steps
    problem, quantity = design.problem, design.judged_by
    best = reference_edap
    if best is None and problem.has_edap:
        best = design.judged[0]
    if best is not None and not np.isfinite(best).all():
        best = None
    scores = np.concatenate([part.scores(criterion, best) for part in steps])
    if reference_edap is None:
        reference = ""
    against = reference or (THIS_DESIGN if best is not None else "")
    return Explanation(
        names=names,
        design=problem.space.designs(design.levels)[0],
        chip={n: float(v[0]) for n, v in design.of_chip().items() if np.isfinite(v[0])},
        feasible=bool(design.feasible[0]),
        criterion=criterion.score_name(joint=False),
        against=against if criterion.is_regret else "",
        score=float(scores[0]),
        judged_by="EDAP" if problem.has_edap else (quantity.name if quantity else ""),
        tables={
            **tables,
            "limits": assessment.limits(design, around),
            "neighbours": assessment.neighbours(design, around, scores[1:]),
            "changes": assessment.changes(design, around),
            "lacking": assessment.lacking(around),
            **last,
            "ends": ends_table(open_ends(problem.model, design.levels)),
        },
        reference=reference,
    )


def _networks(
    design: EvaluatedDesigns, reference_edap: Floats | None, costs: LayerCosts | None
) -> pd.DataFrame:
    """One row per network; without figures where it does not run."""
    problem, values, runs = design.problem, design.metrics.values, design.runs[0]
    details = {} if costs is None else {name: v[0] for name, v in costs.details.items()}
    quantities = {
        display_column(q.column): to_display(q.unit, values[q.name][0])
        for q in problem.model.quantities
        if q.per_workload
    }
    named = {q.name for q in problem.model.quantities}
    beside = {with_unit(n): v[0] for n, v in values.items() if n not in named and v.ndim == 2}
    derived = {**power(problem, values), **tera_operations(problem, values)}
    others = {
        display_column(name): to_display(name.rpartition("_")[2], v)
        for name, v in {**beside, **details}.items()
    }
    columns = quantities | {n: v[0] for n, v in derived.items()} | others
    if max(problem.model.images, default=1) > 1:
        columns["images"] = np.array(problem.model.images)
        if "interval" in values:
            columns["interval_per_image_s"] = values["interval"][0] / columns["images"]
    columns |= {n: v[0] for n, v in generation_figures(problem.model, values).items()}
    if problem.has_edap:
        columns["edap_J_s_mm2"] = design.judged[0]
        if reference_edap is not None:
            columns["regret"] = regret(design.judged[0], reference_edap)
    shown = {
        name: np.where(runs, v, "" if v.dtype.kind == "U" else np.nan)
        for name, v in columns.items()
    }
    if sources := problem.model.snr_sources:
        shown[SNR_SOURCE] = np.array([sources[name] for name in problem.workload_names])
    if ran := problem.model.work_shares:
        rows = [ran[name].to_columns() for name in problem.workload_names]
        shown |= {column: np.array([row[column] for row in rows]) for column in rows[0]}
    if generic := problem.model.generic_operands:
        names = problem.workload_names
        shown[OPERANDS] = np.where(np.isin(names, generic), GENERIC, "")
    return pd.DataFrame({"network": problem.workload_names, "runs": runs, **shown})


ADDITIVE = ("energy_J", "latency_s")
"""Figures of layers that add up."""


def _broken_down(
    run: list[str], costs: LayerCosts | None, most: int | None
) -> dict[str, pd.DataFrame]:
    """Area, energy and time by component and layer (at most `most`); empty if unknown."""
    if costs is None:
        names = ("areas", "components", "layers")
        return {name: pd.DataFrame(columns=list(TABLES[name])) for name in names}
    layers = _layers(costs)
    layers = layers[layers["network"].isin(run)]
    if most is not None:
        parts = [_shortened(rows, most) for _, rows in layers.groupby("network", sort=False)]
        layers = pd.concat(parts, ignore_index=True) if parts else layers
    return {
        "areas": pd.DataFrame(
            {"component": list(costs.components), "area_mm2": to_display("m2", costs.area_m2[0])}
        ),
        "components": _components(costs, run),
        "layers": layers.reset_index(drop=True),
    }


def _layers(costs: LayerCosts) -> pd.DataFrame:
    energy = costs.energy_J[0]
    networks, names = zip(*costs.layers, strict=True)
    columns: dict[str, Any] = {"network": networks, "layer": names, "energy_J": energy.sum(axis=1)}
    if costs.latency_s is not None:
        columns["latency_s"] = costs.latency_s[0]
    if costs.utilization is not None:
        columns["utilization"] = costs.utilization[0]
    if costs.bound_by is not None:
        columns["bound_by"] = np.array(costs.causes)[costs.bound_by[0]]
    # Networks that do not run are removed later; they have no largest component.
    columns["component"] = np.array(costs.components)[np.nan_to_num(energy).argmax(axis=1)]
    return pd.DataFrame(columns)


def _shortened(layers: pd.DataFrame, most: int) -> pd.DataFrame:
    """Layers of one network with most energy, in order, and the sum of the others."""
    if len(layers) <= most + 1:
        return layers
    largest = layers["energy_J"].to_numpy().argsort(kind="stable")[::-1][:most]
    kept = np.zeros(len(layers), dtype=bool)
    kept[largest] = True
    others = layers[~kept]
    remaining: dict[str, Any] = {
        "network": layers["network"].iloc[0],
        "layer": f"{len(others)} others",
        **{name: others[name].sum() for name in ADDITIVE if name in others},
        **{name: "" for name in ("bound_by", "component") if name in others},
    }
    return pd.concat([layers[kept], pd.DataFrame([remaining])], ignore_index=True)


def _components(costs: LayerCosts, run: list[str]) -> pd.DataFrame:
    owner = np.array([network for network, _ in costs.layers])
    energy = [costs.energy_J[0][owner == name].sum(axis=0) for name in run]
    return pd.DataFrame(
        {
            "network": np.repeat(np.array(run, dtype=object), len(costs.components)),
            "component": list(costs.components) * len(run),
            "energy_J": np.concatenate(energy) if energy else [],
        }
    )


def explain_run(
    problem: AcceleratorProblem,
    criterion: Criterion,
    results: Results,
    *,
    front: bool,
    record: Evaluations | None = None,
    costs: LayerCosts | None = None,
    served: ServedDesign | None = None,
    on_explained: Callable[[int, int], None] = lambda done, total: None,
) -> list[Explanation]:
    """Explain the selected design of a run, its baselines, and the best of its front.

    Each design is explained once, with all its names.

    Args:
        problem, criterion, results: of the run.
        front: also explain designs of the front: those selected by each criterion, then the best by
            the criterion of the run, as `front_N` for row N of `front.csv`, from 1.
        record: evaluations of the problem; its designs are not evaluated again.
        costs, served: breakdown and service of the selected design. If None, they are worked out.
        on_explained: called with the number of explained designs and of all.

    Raises:
        InputError: a table is of another problem.
    """
    with input_errors(
        f"{results.folder}: its tables are not of this study: ", (KeyError, ValueError)
    ):
        if results.baselines is None:
            criterion = replace(criterion, name=criterion.joint_name)
        names, n_in_full = _designs(problem, results)
        if record is None:
            _check_numbers(problem, results)
        designs = list(names) if front else list(names)[:n_in_full]
        return explain(
            problem,
            criterion,
            np.array(designs, dtype=np.int64),
            [names[design] for design in designs],
            n_in_full=n_in_full,
            reference_edap=results.reference_edap,
            reference=results.regret_reference,
            record=record,
            costs=costs,
            served=served,
            on_explained=on_explained,
        )


def _designs(
    problem: AcceleratorProblem, results: Results
) -> tuple[dict[tuple[int, ...], tuple[str, ...]], int]:
    """Names of each design to explain, the selected first; and the number of selected and
    baselines."""
    names: dict[tuple[int, ...], tuple[str, ...]] = {}

    def levels_of(designs: pd.DataFrame) -> list[tuple[int, ...]]:
        columns = {str(n): column.to_numpy() for n, column in designs.items()}
        return list(map(tuple, problem.space.encode(columns).tolist()))

    def add(designs: Iterable[tuple[int, ...]], called: Iterable[str]) -> None:
        for design, name in zip(designs, called, strict=True):
            names[design] = (*names.get(design, ()), name)

    *alone, (selected, criteria), (front, called) = results.named
    for designs, names_of in alone:
        add(levels_of(designs), names_of)
    n_in_full = len(names)
    selection, levels = levels_of(selected), levels_of(front)
    add(selection, criteria)
    first = [levels.index(design) for design in selection]
    scores = front[f"score_{results.criterion}"].to_numpy(dtype=float)
    order = scores.argsort(kind="stable").tolist()
    rows = list(dict.fromkeys([*first, *order]))[:MAX_FRONT_DESIGNS]
    add([levels[row] for row in rows], [called[row] for row in rows])
    return names, n_in_full


def _check_numbers(problem: AcceleratorProblem, results: Results) -> None:
    """Check that the model costs the selected design as it did in the run."""
    designs = {str(n): column.to_numpy() for n, column in results.selected.items()}
    values = problem.model.evaluate(problem.space.encode(designs)).values
    quantities = [q for q in problem.model.quantities if q.per_workload]
    columns = {q.name: map(display_column, q.columns(problem.workload_names)) for q in quantities}
    stored = {n: results.selected[[*c]].to_numpy(dtype=float) for n, c in columns.items()}
    current = {q.name: to_display(q.unit, values[q.name]) for q in quantities}
    if differs := other_numbers(stored, current):
        raise InputError(f"{results.folder} is of {differs}: run the study again")
