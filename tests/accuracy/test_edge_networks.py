"""Real networks on simulated chips, with data that is made here."""

from functools import cache

import numpy as np
import pytest

from tests.extras import needs

needs("accuracy", "onnxruntime")

from experiments.edge_networks.data import NETWORKS
from experiments.edge_networks.prediction import RRAM, SRAM, assessment, chip
from imcmoo.accuracy.graph import CutNetwork
from tests.accuracy.test_graph import assert_pieces_equal_the_whole

SAMPLES = {"voice_activity": 3, "line_direction": 24, "recogniser": 6, "minilm": 64, "magika": 32}
LARGE = ("recogniser", "minilm")
"""Networks that take more than a second."""


def network_file(name):
    network = NETWORKS[name]
    needs("speech" if network.program else "edge", network.package)
    if network.missing:
        pytest.skip(f"{network.missing} is not installed")
    return network.path()


@pytest.fixture(scope="module")
def assessed(tmp_path_factory):
    """Assessments by the network's name."""

    @cache
    def assess(name):
        path, folder = network_file(name), tmp_path_factory.mktemp(name)
        arrays = NETWORKS[name].make(path, SAMPLES[name], np.random.default_rng(0))
        np.savez(folder / f"{name}.npz", **arrays)
        return assessment(name, folder, None)

    return assess


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.slow if n in LARGE else ()) for n in NETWORKS],
)
def test_pieces_equal_the_uncut_network(name):
    path = network_file(name)
    data = NETWORKS[name].make(path, 2, np.random.default_rng(0))
    network = CutNetwork(path)
    ranks = {i.name: len(i.type.tensor_type.shape.dim) for i in network.inputs}
    inputs = {n: data[n][0] if data[n].ndim > rank else data[n][:1] for n, rank in ranks.items()}
    assert_pieces_equal_the_whole(network, inputs)


@pytest.mark.slow
def test_one_adc_bit_too_few_destroys_sentence_embeddings_with_offset_coding(assessed):
    minilm = assessed("minilm")
    six, seven = (minilm.on_chips(chip(128, 1, 1, "offset", bits, SRAM), 1)[0] for bits in (6, 7))
    assert six.accuracy <= 0.2
    assert seven.accuracy >= 0.85 * minilm.float_score


@pytest.mark.slow
def test_differential_coding_with_6_bits_costs_sentence_embeddings_nothing(assessed):
    found, _ = assessed("minilm").on_chips(chip(128, 1, 1, "differential", 6, SRAM), 1)
    assert found.accuracy == pytest.approx(found.on_integers, abs=0.05)
    assert found.nsr_out_dB == pytest.approx(-17, abs=1.5)  # of inputs and weights as integers


@pytest.mark.slow
def test_text_is_not_read_on_resistive_cells_as_they_vary(assessed):
    recogniser = assessed("recogniser")
    varying, perfect = (
        recogniser.on_chips(chip(256, 2, 2, "differential", 8, sigma), 1)[0]
        for sigma in (RRAM, 0.0)
    )
    assert varying.accuracy <= 0.2
    assert perfect.accuracy >= recogniser.float_score - 0.1


@pytest.mark.slow
def test_file_types_survive_every_chip_with_differential_weights(assessed):
    magika = assessed("magika")
    for sizes in ((256, 2, 2, 8, RRAM), (128, 1, 1, 6, SRAM), (128, 1, 2, 7, SRAM)):
        *cells, bits, sigma = sizes
        found, _ = magika.on_chips(chip(*cells, "differential", bits, sigma), 1)
        assert found.accuracy >= magika.float_score - 0.1
