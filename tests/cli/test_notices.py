"""What is said before an answer."""

import pytest

from imcmoo.cli.notices import warn_of_dynamic_products
from imcmoo.networks.workloads import WorkloadSet


def test_networks_that_multiply_activations_are_named(capsys):
    workloads = WorkloadSet.load(["resnet18", "vision_transformer_onnx"])
    warn_of_dynamic_products(workloads, model="reference")
    said = capsys.readouterr().err
    n = sum(workloads.workloads[1].dynamic)
    assert n == 24  # two products in each of twelve blocks
    assert f"{n} of {len(workloads.workloads[1])} layers of vision_transformer_onnx" in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("options", [{"model": "mine:Own"}, {"model": "reference", "quiet": True}])
def test_nothing_is_said_where_it_does_not_matter(capsys, options):
    warn_of_dynamic_products(WorkloadSet.load(["vision_transformer_onnx"]), **options)
    assert capsys.readouterr().err == ""
