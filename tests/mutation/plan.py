"""Which modules are mutated, and which tests are asked first and which only about survivors."""

from __future__ import annotations

from dataclasses import dataclass

from tests.mutation.operators import Faults
from tests.mutation.runner import ROOT

REFERENCE = "tests/model/reference"


@dataclass(frozen=True)
class Target:
    """A module to be mutated.

    Args:
        module: path in the repository.
        first: tests that are quick and about this module.
        then: tests that a mutant must pass too in order to survive.
        functions: only these; all of the module by default.
    """

    module: str
    first: tuple[str, ...]
    then: tuple[str, ...]
    functions: tuple[str, ...] = ()

    def faults(self) -> Faults:
        """All that can be put into it."""
        return Faults(self.module, (ROOT / self.module).read_text(), self.functions)


GOLDEN = ("tests/reference/test_breakdowns.py", "tests/reference/test_evaluations.py")
CAPACITY = (f"{REFERENCE}/test_capacity_rule.py",)
COUNTS = (f"{REFERENCE}/test_counts.py",)
PRICES = (f"{REFERENCE}/test_prices.py",)
MAPPING = (
    f"{REFERENCE}/test_mapping.py",
    f"{REFERENCE}/test_cost_model.py::test_primes_come_in_the_references_order",
    f"{REFERENCE}/test_cost_model.py::test_mapping_equals_the_plain_model",
    f"{REFERENCE}/test_cost_model.py::test_no_level_is_used_beyond_its_capacity",
    f"{REFERENCE}/test_cost_model.py::test_allocation_never_exceeds_its_capacity",
)
MODEL = (
    "tests/reference/test_sram_evaluations.py",
    f"{REFERENCE}/test_evaluator.py",
    f"{REFERENCE}/test_cost_model.py::test_counts_equal_the_plain_walk",
)
SEARCH = tuple(
    f"tests/search/test_algorithm.py::{test}"
    for test in (
        "test_search_finds_the_optimum",
        "test_same_seed_same_bytes_and_another_seed_others",
    )
)

TARGETS = (
    Target("imcmoo/model/reference/mapping.py", (*CAPACITY, *GOLDEN, *MAPPING), MODEL),
    Target("imcmoo/model/reference/counts.py", (*COUNTS, *GOLDEN), MODEL),
    Target("imcmoo/model/reference/prices.py", (*PRICES, *GOLDEN), MODEL),
    Target("imcmoo/model/reference/profiles.py", (*CAPACITY, *GOLDEN), MODEL, ("needed_weights",)),
    Target("imcmoo/model/reference/chips.py", (*CAPACITY, *GOLDEN), MODEL, ("lacking_cells",)),
    Target("imcmoo/search/repair.py", ("tests/search/test_repair.py",), SEARCH),
    Target("imcmoo/search/survival.py", ("tests/search/test_survival.py",), SEARCH),
    Target(
        "imcmoo/search/mating.py",
        ("tests/search/test_mating.py", "tests/search/test_brood.py"),
        SEARCH,
    ),
    Target(
        "imcmoo/problem/selection.py",
        ("tests/problem/test_selection.py",),
        ("tests/problem/test_criteria.py", "tests/problem/test_scores.py"),
    ),
)
