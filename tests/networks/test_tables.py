"""What is said of the shipped tables holds, the faults too."""

import re
from importlib import resources

import numpy as np
import pytest

from imcmoo.networks.workloads import SHIPPED, Workload, WorkloadSet

HEADS_TOKENS_SIZE = {
    "vision_transformer": (12, 197, 64),
    "gpt2_medium": (16, 256, 64),
    "mobilebert": (4, 139, 32),
}
"""Heads, tokens and head size: of ViT-B/16 (Dosovitskiy 2021), GPT-2 Medium (Radford 2019) and
MobileBERT (Sun 2020), with the tokens of the tables."""


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


@pytest.mark.parametrize(
    ("name", "times"), [("vision_transformer", 97), ("gpt2_medium", 102), ("mobilebert", 52)]
)
def test_attention_has_as_many_times_too_few_multiplications_as_is_said(readme, name, times):
    heads, tokens, size = HEADS_TOKENS_SIZE[name]
    network = Workload.load(name)
    products = network.shapes[["Attention" in kind for kind in network.kinds]]
    true = len(products) * heads * tokens * tokens * size
    assert round(true / products.prod(axis=1).sum()) == times
    assert {tuple(sorted(p)) for p in products.tolist()} == {
        tuple(sorted((1, 1, 1, 1, 1, size, tokens, heads))),
        tuple(sorted((1, 1, 1, 1, 1, tokens, tokens, heads))),
    }
    assert f" {times}" in readme
    missing = (true - products.prod(axis=1).sum()) / 1e9
    assert f"{missing:.2f}" in readme


def once_for_all(depths, expansion):
    """C, M, P, R of every layer of a ResNet with a stem of three layers.

    Source: mit-han-lab/once-for-all, OFAResNets; widths are rounded to multiples of 8.
    """
    layers = [(3, 32, 112, 3), (32, 32, 112, 3), (32, 64, 112, 3)]
    inputs, size = 64, 56
    for stage, (depth, width) in enumerate(zip(depths, (256, 512, 1024, 2048), strict=True)):
        middle = 8 * int(expansion * width / 8 + 0.5)
        for block in range(depth):
            shrinks = stage > 0 and block == 0
            out = size // 2 if shrinks else size
            layers += [(inputs, middle, size, 1), (middle, middle, out, 3), (middle, width, out, 1)]
            layers += [(inputs, width, out, 1)] * (block == 0)
            inputs, size = width, out
    return [*layers, (2048, 1000, 1, 1)]


def test_resnet50_is_the_largest_once_for_all_network_and_not_resnet50():
    network = Workload.load("resnet50")
    expected = once_for_all((4, 4, 6, 4), 0.35)
    square = [(c, m, p, r) for c, m, p, _, r, _, _, _ in network.shapes.tolist()]
    assert square == expected
    assert np.array_equal(network.shapes[:, 2], network.shapes[:, 3])
    assert np.array_equal(network.shapes[:, 4], network.shapes[:, 5])
    assert (network.shapes[:, 6:] == 1).all()
