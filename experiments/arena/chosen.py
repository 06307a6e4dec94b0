"""From what a comparison is asked for on the command line to its rules."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from experiments.arena import large
from experiments.arena.certified import find_certified
from experiments.arena.contest import PRIMARY
from experiments.arena.contestants import METHODS, PHASED
from experiments.arena.evaluation_counter import Method
from experiments.arena.rules import OURS, Judge, Rules
from experiments.arena.variants import VARIANTS
from imcmoo.exact.regret import CertifiedRegret, ExactRegret
from imcmoo.io.errors import InputError
from imcmoo.search.niches import LARGE_SPACE
from imcmoo.study.exact_comparison import find_answer
from imcmoo.study.study import Study

BUDGETS = (500, 1000, 3300, 10_000)


def need(methods: Collection[str]) -> None:
    """Check that what some methods need is installed.

    Raises:
        InputError: it is not; says what and how to get it.
    """
    for name, package in (("AGE-MOEA-II", "numba"), *((n, "optuna") for n in large.OPTUNA)):
        if name in methods and find_spec(package) is None:
            raise InputError(f"{name} needs {package}: pip install -e '.[compare]'")


def rules(
    study: Study,
    results: Path,
    *,
    budgets: tuple[int, ...] | None,
    ablation: bool,
    names: Collection[str] | None,
) -> Rules:
    """What is compared on a study, and by which optimum.

    Args:
        results: the folder in which the exact answer or the certificates of the study are.
        budgets: unique designs; None for what is usual.
        ablation: variants of our search instead of the methods.
        names: only these of the methods; all if None.

    Raises:
        InputError: the optimum is not known, or it cannot be compared as asked.
    """
    answer = find_answer(study, results)
    if answer is not None:
        judge: Judge = partial(ExactRegret, answer=answer)
    elif study.space.size > LARGE_SPACE:
        judge = partial(CertifiedRegret, optima=find_certified(study, results))
    else:
        name = study.file or study.name
        raise InputError(
            f"the exact answer is not known: run `python -m imcmoo enumerate {name} "
            f"--out {results}` first"
        )
    if ablation:
        every = frozenset(VARIANTS)
        found = Rules(
            study, judge, budgets or BUDGETS[1:3], PRIMARY, VARIANTS, every, checking=every
        )
    elif answer is None:
        found = Rules(study, judge, budgets or large.BUDGETS, **large.RULES)
    else:
        found = Rules(study, judge, budgets or BUDGETS, PRIMARY, METHODS, PHASED)
    if found.primary not in found.budgets:
        raise InputError(f"--budgets: {found.primary} must be among them on {study.name}")
    if names is not None:
        found = replace(found, methods=_only(found.methods, names))
    return found


def _only(methods: dict[str, Method], names: Collection[str]) -> dict[str, Method]:
    unknown = [name for name in names if name not in methods]
    if unknown or OURS not in names:
        raise InputError(
            f"--methods: must be some of {', '.join(methods)}, {OURS} among them"
            + (f"; got {', '.join(unknown)}" if unknown else "")
        )
    return {name: method for name, method in methods.items() if name in names}
