"""Tables of a run in J, s and mm²: CSV files in full precision, and `design.json`.

Columns are named as in `imcmoo evaluate`, with the network: `energy_resnet18_J`,
`latency_resnet18_s`, `area_mm2`, `edap_resnet18_J_s_mm2`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from imcmoo.analysis.indicators import indicators
from imcmoo.answers.assessment import power
from imcmoo.answers.design_record import design
from imcmoo.answers.explain import explain_run
from imcmoo.answers.explanation import EXPLANATIONS
from imcmoo.answers.generation import (
    GENERATION,
    STEPS,
    generation_table,
    has_generation,
    steps_table,
)
from imcmoo.answers.outcome import JOINT, Outcome
from imcmoo.answers.results import ANSWER, DESIGN, Results
from imcmoo.answers.served_design import SCENARIO, TIMELINE
from imcmoo.answers.verified_accuracy import accuracy_table
from imcmoo.arrays import Floats, Values
from imcmoo.exact.certificate import BEST_FOUND, EXACT
from imcmoo.exact.enumeration import ExactAnswer
from imcmoo.exact.regret import ExactRegret
from imcmoo.io.units import display_column, to_display
from imcmoo.model.metrics import LayerCosts, Metrics
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import regret
from imcmoo.record.evaluations import Evaluations
from imcmoo.space.design_space import Levels
from imcmoo.study.study import Study
from imcmoo.study.study_file import STUDY

Columns = dict[str, Values]


def make_results(outcome: Outcome, folder: Path, config: Mapping[str, object]) -> Results:
    """Results of a run: tables, design, and explanations except of the front.

    Args:
        outcome: outcome of the searches.
        folder: folder of the run.
        config: content of its `config.json`.
    """
    content: dict[str, Any] = {
        # An empty cell is read as a missing value.
        **{f"{n}.csv": frame.replace("", np.nan) for n, frame in _tables(outcome).items()},
        ANSWER: outcome.answer.to_json(),
        DESIGN: design(outcome),
    }
    with suppress(ValueError):  # a space that Python made is in no file
        text, file = outcome.study.to_toml(folder), outcome.study.file
        if file is None or Path(file).absolute() != (folder / STUDY).absolute():
            content[STUDY] = text
    results = Results(folder, config, content)
    content[EXPLANATIONS] = explain_run(
        outcome.problem,
        outcome.study.resolved_criterion,
        results,
        front=False,  # is explained when someone asks
        record=outcome.archive,
        costs=outcome.costs,
        served=outcome.served,
    )
    return results


def _tables(outcome: Outcome) -> dict[str, pd.DataFrame]:
    frames = {
        "evaluations": evaluations(outcome),
        "front": front(outcome),
        "selection": selection(outcome),
        "convergence": convergence_table(outcome),
    }
    if outcome.searches:
        frames["trace"] = trace(outcome)
    if outcome.costs is not None:
        frames["breakdown"] = breakdown(outcome.costs, outcome.workloads)
    if outcome.baselines:
        frames["baselines"] = baselines(outcome)
    if outcome.exact is not None:
        assert outcome.exact.front is not None, "an enumeration finds the front"
        frames["regret"] = regret_table(outcome, outcome.exact)
        coordinates = outcome.problem.coordinates
        values = indicators(coordinates(outcome.candidates.F), coordinates(outcome.exact.front))
        frames["indicators"] = pd.DataFrame(values.items(), columns=["indicator", "value"])
    if outcome.served is not None:
        frames |= {SCENARIO: outcome.served.table, TIMELINE: outcome.served.timeline_table()}
    if has_generation(outcome.problem.model):
        costs = outcome.metrics([outcome.chosen]).values
        frames[GENERATION] = generation_table(outcome.problem.model, costs)
        steps = steps_table(outcome.study, outcome.design)
        frames |= {} if steps is None else {STEPS: steps}
    if outcome.study.accuracy:
        frames["accuracy"] = accuracy_table(outcome)
    return frames


def evaluations(outcome: Outcome) -> pd.DataFrame:
    """Designs of the joint search, in order of evaluation."""
    archive, problem = outcome.archive, outcome.problem
    metrics = archive.metrics
    return pd.DataFrame(
        {
            "generation": archive.generation,
            **_designs(problem, archive.levels),
            "feasible": archive.feasible,
            **_quantities(problem, archive.levels, metrics.values),
            **_missing(problem, metrics),
        }
    )


def front(outcome: Outcome) -> pd.DataFrame:
    """Non-dominated feasible designs, in order of evaluation, with all scores."""
    rows = np.arange(len(outcome.candidates.levels))
    scores = outcome.candidates.scores
    return pd.DataFrame(
        {**_of_candidates(outcome, rows), **{f"score_{name}": s for name, s in scores.items()}}
    )


def selection(outcome: Outcome) -> pd.DataFrame:
    """Selected design of each criterion, one row each."""
    chosen, c = outcome.selection, outcome.candidates
    rows = np.array(list(chosen.values()))
    columns: dict[str, Any] = {
        "criterion": list(chosen),
        "used": [name == outcome.criterion for name in chosen],
        "score": [outcome.candidates.scores[name][row] for name, row in chosen.items()],
        **_of_candidates(outcome, rows),
    }
    if outcome.reference_edap is not None:
        over = regret(c.costs.edap[rows], outcome.reference_edap)
        columns |= _each("regret_{}", outcome.workloads, over)
    for kind, by_network in power(outcome.problem, outcome.metrics(rows).values).items():
        columns |= _each(f"{kind}_{{}}", outcome.workloads, by_network)
    return pd.DataFrame(columns)


def baselines(outcome: Outcome) -> pd.DataFrame:
    """Joint and single-network designs on every network, with normalised EDAP.

    Energy and latency are empty where a network does not run, EDAP also where it breaks a limit of
    its own.
    """
    designs, problem = outcome.baselines, outcome.problem
    assert designs is not None
    columns = {
        **_designs(problem, designs.levels),
        **_quantities(problem, designs.levels, designs.metrics.values),
        **_each("edap_{}_J_s_mm2", outcome.workloads, designs.edap),
        **_missing(problem, designs.metrics),
    }
    joint = _of_candidates(outcome, np.array([outcome.chosen]))
    frame = pd.concat([pd.DataFrame(joint), pd.DataFrame(columns)], ignore_index=True)
    frame.insert(0, "optimised_for", [JOINT, *outcome.baseline_searches])
    edap = np.concatenate([outcome.candidates.costs.edap[[outcome.chosen]], designs.edap])
    relative = edap / outcome.candidates.reference_edap
    return frame.assign(**_each("relative_edap_{}", outcome.workloads, relative))


def trace(outcome: Outcome) -> pd.DataFrame:
    """Progress of every search by generation."""
    searches = outcome.searches.items()
    frame = pd.DataFrame(
        [{"search": name, **asdict(row)} for name, s in searches for row in s.trace]
    )
    guides = outcome.problem.guides
    name = guides[0].score_name(joint=False) if guides else "objective"
    return frame.rename(columns={"best": f"best_{name}"})


def breakdown(b: LayerCosts | None, workloads: Sequence[str]) -> pd.DataFrame:
    """Energy of each network and area, by component, of the first design of a breakdown."""
    assert b is not None, "the model has a breakdown"
    owner = np.array([list(workloads).index(workload) for workload, _ in b.layers])
    energy = np.zeros((len(workloads), len(b.components)))
    np.add.at(energy, owner, b.energy_J[0])
    return pd.DataFrame(
        {
            "component": list(b.components),
            **_each("energy_{}_J", workloads, energy.T),
            "area_mm2": to_display("m2", b.area_m2[0]),
        }
    )


def _of_candidates(outcome: Outcome, rows: NDArray[np.int64]) -> Columns:
    """Design, quantities, and EDAP per network of candidates."""
    c, problem = outcome.candidates, outcome.problem
    columns = {
        **_designs(problem, c.levels[rows]),
        **_quantities(problem, c.levels[rows], outcome.metrics(rows).values),
    }
    if problem.has_edap:
        columns |= _each("edap_{}_J_s_mm2", outcome.workloads, c.costs.edap[rows])
    return columns


def _quantities(
    problem: AcceleratorProblem, levels: Levels, values: Mapping[str, Floats]
) -> Columns:
    """Quantities of the chip, then of each network, in display units."""
    columns: Columns = {}
    for q in sorted(problem.model.quantities, key=lambda q: q.per_workload):
        named = q.columns(problem.workload_names)
        by_network = values[q.name] if q.per_workload else values[q.name][:, None]
        columns |= {
            display_column(name): to_display(q.unit, v)
            for name, v in zip(named, by_network.T, strict=True)
        }
        if q.name == "area" and "dram_area" in values:
            columns["dram_mm2"] = to_display("m2", values["dram_area"])
            columns["silicon_mm2"] = to_display("m2", values["silicon"])
        if q.name == "area" and problem.cost_per_cm2:
            columns["cost"] = problem.cost(levels, values["area"])
    return columns


def _missing(problem: AcceleratorProblem, metrics: Metrics) -> Columns:
    """Missing amount of each resource by network, whole numbers."""
    columns: Columns = {}
    for name in problem.model.resource_names:
        lacking = np.ceil(metrics.resources[name].missing).astype(np.int64)
        columns |= _each(f"missing_{name}_{{}}", problem.workload_names, lacking)
    return columns


def _designs(problem: AcceleratorProblem, levels: Levels) -> Columns:
    values: Mapping[str, Values] = problem.space.decode(levels)
    return {name: values[name] for name in problem.space.names}


def _each(pattern: str, names: Sequence[str], values: Values) -> Columns:
    """One column per network of values (n, W)."""
    return {pattern.format(name): values[:, w] for w, name in enumerate(names)}


def convergence_table(outcome: Outcome) -> pd.DataFrame:
    """One row per search, criterion and improving evaluation, plus the last.

    The joint search by its guiding criteria that judge a design by itself (products are omitted if
    another criterion orders alike) and by the criterion that selects the design, single-network
    searches by EDAP.
    """
    columns = ["search", "criterion", "evaluations", "best"]
    if not outcome.searches:
        return pd.DataFrame(columns=columns)
    guides = [c for c in outcome.problem.guides if c.against == "nothing"]
    doubled = {c.orders_like for c in guides}
    rows = []
    asked = outcome.study.resolved_criterion
    if asked.is_regret:
        reference = outcome.candidates.reference_edap
        rows += _improvements(outcome.archive, JOINT, asked.name, reference)
    for criterion in guides:
        if criterion.name not in doubled:
            rows += _improvements(outcome.archive, JOINT, criterion.name)
    for name, search in outcome.baseline_searches.items():
        rows += _improvements(search.archive, name, "edap_max")
    return pd.DataFrame(rows, columns=columns)


def _improvements(
    archive: Evaluations, search: str, criterion: str, reference_edap: Floats | None = None
) -> list[tuple[str, str, int, float]]:
    problem = archive.problem
    (score,) = [c for c in problem.criteria if c.name == criterion]
    feasible = np.flatnonzero(archive.feasible)
    values = np.full(len(archive), np.inf)
    values[feasible] = score.scores(problem.costs(archive.F[feasible]), reference_edap)
    best = np.minimum.accumulate(values)
    improved = np.append(True, best[1:] < best[:-1]) & np.isfinite(best)
    at = np.union1d(np.flatnonzero(improved), [len(best) - 1])
    name = score.score_name(joint=False)
    return [(search, name, int(i) + 1, float(best[i])) for i in at]


def regret_table(outcome: Outcome, exact: ExactRegret) -> pd.DataFrame:
    """By criterion: exact optimum, selected and best evaluated design, and their regrets (shares).

    Values as in `optima.csv`.
    """
    values = outcome.candidates.scores
    rows = []
    for name, off in exact.regrets_of(values).items():
        chosen, scores = outcome.candidates.chosen[name], values[name]
        rows.append(
            (name, exact.optima[name], scores[chosen], off[chosen], scores.min(), off.min())
        )
    columns = ("criterion", "optimum", "selected", "regret_selected", "best_evaluated",
               "regret_best_evaluated")  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def seeds(
    study: Study, results: Mapping[int, Results], answer: ExactAnswer | None = None
) -> pd.DataFrame:
    """Joint designs of several finished runs by seed, one row each.

    All regrets have one reference, `regret_reference`: the exact optima, or else the best found in
    any run.
    """
    runs = [*results.values()]
    rows = [
        {
            "seed": seed,
            **run.design["design"],
            **run.design["chip"],
            **{f"score_{name}": score for name, score in run.design["scores"].items()},
        }
        for seed, run in results.items()
    ]
    frame = pd.DataFrame(rows)
    if not runs[0].has_edap_columns:
        return frame
    problem = study.problem()
    exact = [run.reference_edap for run in runs if run.regret_reference == EXACT]
    if answer:
        exact.append(ExactRegret(problem, answer, against_joint=not study.baselines).reference_edap)
    known = [best for best in exact or (run.reference_edap for run in runs) if best is not None]
    levels = np.concatenate([problem.space.levels_of(run.design["design"]) for run in runs])
    costs = problem.costs(problem.score(levels, problem.model.evaluate(levels))[0])
    for c in (c for c in problem.criteria if c.is_regret):
        name = c.score_name(joint=not study.baselines)
        frame[f"score_{name}"] = c.scores(costs, np.fmin.reduce(known))
    return frame.assign(regret_reference=EXACT if exact else BEST_FOUND)
