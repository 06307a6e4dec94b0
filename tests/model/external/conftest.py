import json

import pytest

from imcmoo.model.external.external_model import ExternalModel
from tests.model.external import programs, simulators


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setattr(ExternalModel, "cache", tmp_path / "cache")
    yield
    for model in (simulators.Sound, simulators.Crashing, simulators.Troubled, simulators.Stuck):
        model.evaluation.end()  # the next test's processes are to see its environment


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """Designs that simulators were asked about so far, in order."""
    file = tmp_path / "asked"
    file.touch()
    monkeypatch.setenv(programs.ASKED, str(file))
    return lambda: [json.loads(line) for line in file.read_text().splitlines()]
