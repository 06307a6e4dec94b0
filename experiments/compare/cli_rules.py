"""Rules of a comparison from its command line, and the certified optima of studies too large to
enumerate."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from experiments.compare.ablations import ABLATIONS
from experiments.compare.algorithms import COMPILED, METHODS, OPTUNA, PHASED
from experiments.compare.comparison import OURS, PRIMARY, Judge, Rules
from experiments.compare.evaluation_counter import Method
from imcmoo.answers.certificates import certificates
from imcmoo.exact.certificate import Certificate, read_certificates
from imcmoo.exact.regret import ExactRegret, Regret
from imcmoo.io.errors import InputError
from imcmoo.io.named import check_takes, load
from imcmoo.problem.criteria import SINGLE_NETWORK
from imcmoo.search.mating import FeasibleMating
from imcmoo.solve.check_certificate import Checker
from imcmoo.solve.enumerate import find_answer
from imcmoo.study.study import Study

BUDGETS = (500, 1000, 3300, 10_000)

LARGE_BUDGETS = (1000, 3300, 10_000, 30_000)

NSGA2, TPE = OPTUNA

LEFT_OUT = ("NSGA-II, mixed", "C-TAEA", "NSGA-III, criteria", "AGE-MOEA-II, criteria")

LARGE_METHODS = {name: m for name, m in METHODS.items() if name not in LEFT_OUT} | OPTUNA

FEW = 11
"""Seeds of slow algorithms."""

_NONE = {30_000: 0}

LARGE_SPACES: dict[str, Any] = {
    "primary": 10_000,
    "methods": LARGE_METHODS,
    "phased": PHASED,
    "targets": (1.0, 0.5, 0.2, 0.1, 0.05, 0.01, 0.0),
    "seeds": dict.fromkeys(LARGE_METHODS, _NONE)
    | {
        **{name: {30_000: 5} for name in (OURS, "NSGA-II")},
        **dict.fromkeys(("AGE-MOEA-II", NSGA2), dict.fromkeys(LARGE_BUDGETS, FEW) | _NONE),
        TPE: dict.fromkeys(LARGE_BUDGETS, 0) | {1000: 5},
    },
}
"""Arguments of `Rules` where spaces are too large to enumerate, and designs far from the optimum;
slow algorithms have fewer seeds and budgets."""

PACKAGES = dict.fromkeys(COMPILED, "numba") | dict.fromkeys(OPTUNA, "optuna")
"""Package that an algorithm needs, if any."""


def require(methods: Collection[str]) -> None:
    """Refuse algorithms whose packages are not installed."""
    for name, package in PACKAGES.items():
        if name in methods and find_spec(package) is None:
            raise InputError(f"{name} needs {package}: pip install -e '.[compare]'")


def find_rules(
    study: Study,
    results: Path,
    *,
    budgets: tuple[int, ...] | None,
    ablation: bool,
    names: str | None,
    own: Sequence[str] = (),
) -> Rules:
    """Set the rules of a comparison of some algorithms, all by default, on a study whose exact
    answer or certificates are in a folder of results.

    A user's algorithms, `Method`s as `module:name`, plan ahead for their budget.
    """
    answer = find_answer(study, results)
    if answer is not None:
        judge: Judge = partial(ExactRegret, answer=answer)
    elif FeasibleMating().is_large(study.space):
        judge = partial(Regret, optima=find_certified(study, results))
    else:
        name = study.file or study.name
        raise InputError(
            f"the exact answer is not known: run `imcmoo enumerate {name} --out {results}` first"
        )
    if ablation:
        rules = Rules(study, judge, budgets or BUDGETS[1:3], PRIMARY, ABLATIONS, frozenset())
    elif answer is None:
        rules = Rules(study, judge, budgets or LARGE_BUDGETS, **LARGE_SPACES)
    else:
        rules = Rules(study, judge, budgets or BUDGETS, PRIMARY, METHODS, PHASED)
    if rules.primary not in rules.budgets:
        rules = replace(rules, primary=max(rules.budgets))
    methods = only(rules.methods, names) | {path: _own(path) for path in own}
    return replace(rules, methods=methods, phased=rules.phased | set(own))


def _own(path: str) -> Method:
    """Load a user's algorithm."""
    try:
        method: Method = load(path, "method", known=METHODS)
        check_takes(method, path, None)
    except ValueError as error:
        raise InputError(f"--method: {error}") from None
    return method


def only(methods: dict[str, Method], names: str | None) -> dict[str, Method]:
    """The methods whose names are given, separated by semicolons; all if none are.

    Raises:
        InputError: there is no such method.
    """
    if names is None:
        return methods
    chosen = names.split(";")
    unknown = [name for name in chosen if name not in methods]
    if unknown:
        raise InputError(
            f"--methods: must be some of {'; '.join(methods)}; got {'; '.join(unknown)}"
        )
    return {name: method for name, method in methods.items() if name in chosen}


def find_certified(study: Study, results: Path) -> Mapping[str, float]:
    """Read the certified optima of a study in `certified/<study>`, as `Regret` takes them.

    Certificates are checked without a walk through the designs: that they are of this problem, and
    that their designs are feasible and have the stated scores.
    """
    folder = results / "certified" / study.name
    remedy = f"run `imcmoo certify {study.file or study.name} --criterion all --out {results}`"
    stored = certificates(folder) if read_certificates(folder) else {}
    checker = Checker(study)
    for path, certificate in stored.items():
        try:
            _check(certificate, checker)
        except InputError as error:
            raise InputError(f"{path}: {error}: {remedy} again") from None
    optima = {certificate.criterion: certificate.value for certificate in stored.values()}
    problem = study.problem()
    alone = [f"{SINGLE_NETWORK}{name}" for name in problem.workload_names if problem.has_edap]
    missing = [n for n in [*Regret(problem, {}).criteria, *alone] if n not in optima]
    if missing:
        raise InputError(
            f"{study.name} cannot be enumerated, and its optimum by {', '.join(missing)} is not "
            f"certified: {remedy} first"
        )
    return optima


def _check(certificate: Certificate, checker: Checker) -> None:
    """Raise an InputError if a certificate is of another study or leaves a gap."""
    checker.claim(certificate)
    if certificate.gap > 0:
        raise InputError(f"the certificate leaves a gap of {certificate.gap:.2g}")
