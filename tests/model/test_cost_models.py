"""Cost models that others offer are found by name."""

import pytest

from imcmoo.model import registry
from imcmoo.model.reference.evaluator import reference_model
from tests.toy_model import Toy


@pytest.fixture
def _offered(tmp_path, monkeypatch):
    """An installed package that offers a cost model, and another under a name of ours."""
    info = tmp_path / "offering-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: offering\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[imcmoo.cost_models]\ntoy = tests.toy_model:Toy\nreference = tests.toy_model:Toy\n"
        "gone = tests.toy_model:Gone\n"
    )
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("_offered")
def test_a_model_is_found_by_its_entry_point():
    assert registry.find("toy") is Toy
    assert registry.find("reference") is not Toy  # a study means the same everywhere
    with pytest.raises(ValueError, match=r"cost model 'tests.toy_model:Gone' cannot be had"):
        registry.find("gone")
    with pytest.raises(ValueError, match=r"unknown cost model 'toi'; known: .*toy.*, or module"):
        registry.find("toi")


def test_without_it_only_its_module_finds_it():
    assert registry.find("reference") is reference_model
    with pytest.raises(ValueError, match=r"cost model 'imcmoo\.model:Nothing' cannot be had"):
        registry.find("imcmoo.model:Nothing")
    with pytest.raises(ValueError, match=r"unknown cost model 'toy'; known: .*reference, physical"):
        registry.find("toy")
    assert registry.find("tests.toy_model:Toy") is Toy
