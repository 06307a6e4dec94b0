"""The report: how many mutants of each module the tests noticed, and which they did not."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.mutation.operators import Mutant

EQUIVALENT = Path(__file__).parent / "equivalent.toml"

Judged = tuple[Mutant, str]
"""A mutant, and the test that failed on it: empty where none did."""

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
        ValueError: the list of equivalent mutants names one that a test kills.
    """
    reasons = _reasons(judged)
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
        "## Survivors\n\n" + ("\n".join(_item(m) for m in alive) or "None."),
        "## Called equivalent\n\n"
        + ("\n".join(f"{_item(m)}\n  {reasons[_text(m)]}" for m in equivalent) or "None."),
    ]
    path.write_text("\n\n".join(part.strip() for part in parts) + "\n")


def _reasons(judged: Iterable[Judged]) -> dict[tuple[str, str, str], str]:
    """Why mutants are called equivalent, by module and text."""
    listed = tomllib.loads(EQUIVALENT.read_text()).get("mutant", [])
    reasons = {(m["module"], m["before"], m["after"]): m["reason"].strip() for m in listed}
    for mutant, failed in judged:
        if failed and _text(mutant) in reasons:
            raise ValueError(
                f"{EQUIVALENT.name} calls a mutant equivalent that {failed} kills: {mutant.module}"
                f", {mutant.before}"
            )
    return reasons


def _text(mutant: Mutant) -> tuple[str, str, str]:
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


def _item(mutant: Mutant) -> str:
    return (
        f"- `{mutant.module}`, line {mutant.line}, {mutant.operator}: `{mutant.before}` "
        f"became `{mutant.after}`."
    )
