"""Cost models of a user's around programs."""

from imcmoo.model.external.evaluation import Function
from imcmoo.model.external.external_model import ExternalModel
from imcmoo.model.metrics import AREA, ENERGY, LATENCY
from imcmoo.space.design_space import DesignSpace
from imcmoo.space.parameters import Categorical, Integer
from tests.model.external import programs

SPACE = DesignSpace(
    "simulated", (Integer("x", 1, 20), Integer("y", 1, 5), Categorical("kind", ("a", "b")))
)
"""200 designs."""


class Sound(ExternalModel):
    quantities = (ENERGY, LATENCY, AREA)
    evaluation = Function(programs.sound, timeout_s=None)
    version = "1"
    workers = 2


class Crashing(Sound):
    evaluation = Function(programs.crashing, timeout_s=None)


class Troubled(Sound):
    evaluation = Function(programs.troubled, timeout_s=3)


class Stuck(Sound):
    evaluation = Function(programs.stuck, timeout_s=None)
