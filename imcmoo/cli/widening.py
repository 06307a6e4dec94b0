"""Output of --widen: what each round of longer lists has gained."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from imcmoo.answers.answer import Answer
from imcmoo.answers.answers import Answers
from imcmoo.answers.list_ends import table_ends
from imcmoo.ask.what_if import design_costs
from imcmoo.ask.widen import Round, Solve, WideningResult, added_text, widen
from imcmoo.display.labels import label
from imcmoo.display.units import plain
from imcmoo.io.errors import InputError
from imcmoo.report.what_if_table import worse
from imcmoo.study.study import Study


def widen_and_show(
    terminal: Console,
    study: Study,
    solved: Answer,
    solve: Solve,
    folder: Callable[[Study], Path],
    *,
    force: bool,
) -> WideningResult:
    """Widen a solved study, and print a line per round.

    Args:
        terminal: where to print.
        study, solved, solve, folder, force: see `widen`.
    """
    n = 0

    def on_round(done: Round) -> None:
        nonlocal n
        n += 1
        terminal.print(f"widened {n}: {_text(done)}", soft_wrap=True)

    widening = widen(study, solved, solve, folder, force=force, on_round=on_round)
    if not widening.steps and not widening.left:
        terminal.print("no end of a list binds that the cost model goes beyond: nothing to widen")
    if widening.left:
        names = ", ".join(f"{one.end.parameter} ({one.end.side})" for one in widening.left)
        terminal.print(
            f"ends that stay open: {names}: a better chip may lie beyond. The next value does not "
            f"go with all values of other parameters: {_way_out(study)}",
            soft_wrap=True,
        )
    elif any(step.left_out for step in widening.steps):
        terminal.print(
            "no end of a list binds: rounds without some values have solved what lies beyond",
            soft_wrap=True,
        )
    for line in filter(None, [_worse(widening), _ends_of_table(widening)]):
        terminal.print(line, soft_wrap=True)
    return widening


def widen_devices_and_show(
    terminal: Console,
    compared: Answers,
    solve: Solve,
    folder: Callable[[Study], Path],
    *,
    force: bool,
) -> None:
    """Widen the study of each device by itself, and print its rounds and its best chip.

    Args:
        terminal: where to print.
        compared: the answers of the devices.
        solve, folder, force: see `widen`.
    """
    for answer in compared.answers:
        terminal.print(f"{answer.study.name}:")
        if not answer.has_chip:
            terminal.print(f"  not widened, since it has no chip: {answer.why}", soft_wrap=True)
            continue
        try:
            found = widen_and_show(terminal, answer.study, answer, solve, folder, force=force)
        except InputError as error:
            terminal.print(f"  not widened: {error}", soft_wrap=True)
            continue
        if found.steps:
            terminal.print(f"  {found.study.name}: {found.best.text}", soft_wrap=True)
            terminal.print(f"written: {folder(found.study)}", soft_wrap=True)


def _way_out(study: Study) -> str:
    """Advice on how to solve what lies beyond ends that stay open."""
    shorten = "shorten their lists in [space]"
    if not study.resolved_criterion.is_regret:
        return shorten
    return f"{shorten}, or set a criterion without regret, such as edap_product"


def _worse(widening: WideningResult) -> str:
    """Costs that rise by all rounds, as text; empty if there are none."""
    before, after = (
        design_costs(answer.problem, answer.levels) for answer in (widening.solved, widening.best)
    )
    text = worse(before, after, widening.first, widening.study.criterion)
    return f"worse than without widening, besides the score: {text}" if text else ""


def _ends_of_table(widening: WideningResult) -> str:
    """Ends of the lists at which the component table ends, as text; empty if there is none."""
    study = widening.study
    ends = [*table_ends(study.cost_model().shipped, study.space, widening.best.design)]
    names = ", ".join(f"{end.parameter} {plain(end.value)} ({end.side})" for end in ends)
    text = f"lists that end with the component table: {names}; imcmoo components build adds values"
    return text if ends else ""


def _text(done: Round) -> str:
    criterion = done.study.resolved_criterion
    score = f"{label(criterion.name)} {done.solved.score:.4g} {criterion.unit}".rstrip()
    if math.isnan(done.gain):
        gain = ", against the optima of the wider space"
    else:
        gain = f", {100 * done.gain + 0.0:.3g} % less"
    return f"{added_text(done)}; {done.study.space.size:,} designs; {score}{gain}"
