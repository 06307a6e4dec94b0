"""Imports point downward: what costs designs knows nothing of what searches or reports them."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

FLOORS = """
imcmoo imcmoo.cli imcmoo.data imcmoo.files imcmoo.metrics imcmoo.parallel imcmoo.parts
imcmoo.parameters imcmoo.space imcmoo.workloads
imcmoo.designs
imcmoo.mapping imcmoo.nests imcmoo.rounding
imcmoo.traffic imcmoo.orders imcmoo.counts
imcmoo.components
imcmoo.costs imcmoo.profiles imcmoo.chips imcmoo.breakdown imcmoo.profile_cache
imcmoo.evaluate
imcmoo.objectives imcmoo.indicators imcmoo.statistics
imcmoo.problem
imcmoo.archive imcmoo.checkpoint imcmoo.operators imcmoo.repair imcmoo.sampling imcmoo.schedule
imcmoo.survival imcmoo.mating
imcmoo.algorithm
imcmoo.selection
imcmoo.exhaustive
imcmoo.exact imcmoo.judge
imcmoo.cli_evaluate imcmoo.cli_enumerate
problems
imcmoo.__main__
experiments
"""
"""From the ground up, as in DESIGN's table; a module may import from its own floor and below. A
package stands for its modules unless they are listed. `imcmoo.__main__` is the composition root:
it hands the spaces of `problems` to the commands."""

FLOOR = {name: i for i, line in enumerate(FLOORS.split("\n")) for name in line.split()}

MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in ("imcmoo", "problems", "experiments")
    for path in sorted((ROOT / package).rglob("*.py"))
}


def floor(module):
    """The floor of a module, or of the closest package it is in that is listed."""
    if module not in FLOOR and module.rpartition(".")[0] in ("", "imcmoo"):
        pytest.fail(f"{module} has no floor: put it on a line of FLOORS in {__file__}")
    return FLOOR[module] if module in FLOOR else floor(module.rpartition(".")[0])


def imported(path):
    """Modules of ours that a file imports, with the line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}, line {node.lineno}: a relative import"
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in MODULES else node.module for name in inner]
        else:
            continue
        yield from ((name, node.lineno) for name in names if name in MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_downward(module):
    for name, line in imported(MODULES[module]):
        assert floor(name) <= floor(module), f"{module}, line {line}: imports {name} from above"


@pytest.mark.parametrize("module", MODULES)
def test_the_cost_model_is_arrays_in_arrays_out(module):
    if floor(module) > FLOOR["imcmoo.evaluate"]:
        pytest.skip("above the cost model")
    text = MODULES[module].read_text(encoding="utf-8")
    for library in ("matplotlib", "pymoo", "seaborn"):
        assert f"import {library}" not in text
        assert f"from {library}" not in text
