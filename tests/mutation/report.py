"""The report: how many mutants of each module the tests noticed, and which they did not."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.mutation.operators import Mutant

REASONS = Path(__file__).parent / "reasons.toml"
"""Why some mutants survive: those called equivalent, and others."""

Judged = tuple[Mutant, str]
"""A mutant, and the test that failed on it: empty where none did."""

Text = tuple[str, str, str]
"""Module, code before, code after."""

HEAD = """# Mutants: do the tests notice a fault?

Written by `make mutants`: {drawn}. A mutant is the package with one small fault: a comparison \
turned, a number one up or down, a statement left out (`tests/mutation/operators.py`). It is \
killed when a test fails on it or does not end within {factor} times its usual processor time. \
First the tests of its module are asked, then, about survivors, wider ones \
(`tests/mutation/plan.py`). Only what every user has is run: the shipped golden records, not the \
full ones.

**{killed} of {n} killed ({share:.1f} %)**, {timed} of them by time; {survived} survive, of which \
{equivalent} ({equivalent_share:.1f} %) are called equivalent, each with its reason. Equivalent \
mutants stay in the denominator.
"""


def write_report(path: Path, judged: list[Judged], drawn: str, factor: int) -> None:
    """Write the report as Markdown.

    Args:
        judged: all mutants that were run.
        drawn: one phrase that says which they are.
        factor: of the time limit.

    Raises:
        ValueError: a reason is given why a mutant survives that a test kills.
    """
    reasons = _reasons("equivalent", judged)
    others = _reasons("survivor", judged)
    survivors = [m for m, failed in judged if not failed]
    equivalent = [m for m in survivors if _text(m) in reasons]
    killed = len(judged) - len(survivors)
    head = HEAD.format(
        drawn=drawn,
        factor=factor,
        killed=killed,
        n=len(judged),
        share=100 * killed / len(judged),
        timed=sum(failed == "time" for _, failed in judged),
        survived=len(survivors),
        equivalent=len(equivalent),
        equivalent_share=100 * len(equivalent) / len(judged),
    )
    alive = [m for m in survivors if m not in equivalent]
    parts = [
        head,
        _by("Module", judged, lambda m: f"`{m.module}`", equivalent),
        _by("Operator", judged, lambda m: m.operator, equivalent),
        "## Survivors\n\n" + _items(alive, others),
        "## Called equivalent\n\n" + _items(equivalent, reasons),
    ]
    path.write_text("\n\n".join(part.strip() for part in parts) + "\n")


def _reasons(kind: str, judged: Iterable[Judged]) -> dict[Text, str]:
    """Why mutants of one kind, "equivalent" or "survivor", are not killed."""
    listed = tomllib.loads(REASONS.read_text()).get(kind, [])
    reasons = {(m["module"], m["before"], m["after"]): m["reason"] for m in listed}
    for mutant, failed in judged:
        if failed and _text(mutant) in reasons:
            raise ValueError(
                f"{REASONS.name} gives a reason why a mutant survives that {failed} kills: "
                f"{mutant.module}, {mutant.before}"
            )
    return reasons


def _text(mutant: Mutant) -> Text:
    return mutant.module, mutant.before, mutant.after


def _by(
    title: str, judged: list[Judged], key: Callable[[Mutant], str], equivalent: list[Mutant]
) -> str:
    """A table by module or operator."""
    lines = [
        f"| {title} | mutants | killed | survive | of these equivalent | killed, % |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name in dict.fromkeys(key(m) for m, _ in judged):
        own = [(m, failed) for m, failed in judged if key(m) == name]
        killed = sum(bool(failed) for _, failed in own)
        same = sum(m in equivalent for m, _ in own)
        share = 100 * killed / len(own)
        lines.append(
            f"| {name} | {len(own)} | {killed} | {len(own) - killed} | {same} | {share:.0f} |"
        )
    return "\n".join(lines)


def _items(mutants: list[Mutant], reasons: dict[Text, str]) -> str:
    """A list of mutants, with the reason where there is one."""
    lines = [
        f"- `{m.module}`, line {m.line}, {m.operator}: `{m.before}` became `{m.after}`. "
        f"{reasons.get(_text(m), '')}".rstrip()
        for m in mutants
    ]
    return "\n".join(lines) or "None."
