import numpy as np
import pytest

from problems import RRAM
from tests.fakes import fake_problem


@pytest.fixture
def problem():
    return fake_problem(RRAM, 2)


@pytest.fixture
def designs():
    """Random designs: about 3 % feasible, most do not map, some are only too large."""
    return RRAM.random(4000, np.random.default_rng(1))
