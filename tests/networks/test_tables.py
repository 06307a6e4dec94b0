"""The counts in the README of the tables are those of the tables."""

import re
from importlib import resources

import pytest

from imcmoo.networks.workloads import SHIPPED, WorkloadSet


@pytest.fixture(scope="module")
def readme():
    return (resources.files("imcmoo.networks") / "tables" / "README.md").read_text("utf-8")


@pytest.mark.parametrize("name", SHIPPED)
def test_the_readme_counts_layers_weights_and_multiplications(readme, name):
    workloads = WorkloadSet.load([name])
    (row,) = re.findall(rf"^\| `{name}` \| (\d+) \| ([\d.]+) \| ([\d.]+) \|", readme, flags=re.M)
    multiplications = workloads.workloads[0].shapes.prod(axis=1).sum()
    counted = len(workloads.workloads[0]), workloads.weights[0] / 1e6, multiplications / 1e9
    assert row == tuple(f"{n:.3f}" if isinstance(n, float) else str(n) for n in counted)
