"""Fixtures of the tests of experiments."""

import pytest

from experiments.enumerated_study import EnumeratedStudy
from experiments.paper import study
from imcmoo.benchmark import truth
from problems import STUDIES
from tests import ROOT


@pytest.fixture(scope="session")
def enumerated():
    """The RRAM study with four networks: every design."""
    return EnumeratedStudy.of_study(STUDIES["four_workload_rram"])


@pytest.fixture(scope="session")
def exact():
    """The exact answer of that study by the enumeration of the package, as it ships."""
    return truth.load("four_workload_rram-v1")


@pytest.fixture(scope="session")
def answers(enumerated):
    """All tables of that study that follow from the costs of its designs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(study.EnumeratedStudy, "of_study", lambda _: enumerated)
        return study.answers(STUDIES["four_workload_rram"])


@pytest.fixture(scope="session")
def published():
    """The folder of the published study."""
    return ROOT / "results" / "published"
