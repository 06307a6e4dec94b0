"""The nine networks as their definitions say, beside what the paper made of them."""

from pathlib import Path

import numpy as np
import pytest

from imcmoo.networks.workloads import TRUE_NETWORKS, Workload
from tests.extras import needs

TOPOLOGIES = Path(__file__).parent / "topologies"
RIGHT_IN_THE_PAPER = ("resnet18", "vgg16", "alexnet", "mobilenet_v3", "densenet201")


@pytest.mark.parametrize("name", RIGHT_IN_THE_PAPER)
def test_five_of_the_paper_s_tables_are_the_true_networks_row_by_row(name):
    paper, true = Workload.load(name), Workload.load(f"{name}_onnx")
    for field in ("shapes", "strides", "input_bits", "weight_bits"):
        np.testing.assert_array_equal(getattr(true, field), getattr(paper, field))


@pytest.mark.parametrize(
    ("name", "layers", "heads", "width", "tokens"),
    [
        ("gpt2_medium", 24, 16, 64, 256),
        ("mobilebert", 24, 4, 32, 139),
        ("vision_transformer", 12, 12, 64, 197),
    ],
)
def test_attention_has_the_dimension_that_the_paper_s_tables_lack(
    name, layers, heads, width, tokens
):
    true = Workload.load(f"{name}_onnx")
    products = true.shapes[np.array(true.dynamic)]
    assert products.tolist() == layers * [
        [width, tokens, tokens, 1, 1, 1, heads, 1],
        [tokens, width, tokens, 1, 1, 1, heads, 1],
    ]
    paper = Workload.load(name)
    attention = np.array(["Attention" in kind for kind in paper.kinds])
    assert paper.shapes[attention].prod(axis=1).sum() < products.prod(axis=1).sum() / 50
    # The paper's tables count attention's operands as weights.
    sizes = paper.shapes[:, [0, 1, 4, 5, 6]].prod(axis=1)
    assert true.weights == sizes[~attention].sum()


def test_where_statistics_come_from_is_recorded():
    for name in TRUE_NETWORKS:
        network = Workload.load(name)
        sources = {*network.input_statistics, *network.weight_statistics}
        assert sources == ({"default"} if name == "resnet50_onnx" else {"histogram"})
        assert network.provenance["sha256"]
        assert "definition" in network.provenance


@pytest.mark.parametrize("name", TRUE_NETWORKS)
def test_a_table_is_what_the_importer_reads_from_its_topology(name):
    needs("onnx", "onnx")
    from imcmoo.networks.onnx_import import import_onnx

    table = Workload.load(name)
    read = import_onnx(TOPOLOGIES / f"{name}.onnx", name=name, strict=True).workload
    assert read.layers == table.layers
    for field in ("shapes", "strides", "dilations"):
        assert (getattr(read, field) == getattr(table, field)).all()
    assert read.dynamic == table.dynamic
    assert read.shared_with == table.shared_with
    assert read.provenance["sha256"] == table.provenance["sha256"]
