"""Cost models of a user's around programs."""

import numpy as np

from imcmoo.model.external.evaluation import Function
from imcmoo.model.external.external_model import ExternalModel
from imcmoo.model.metrics import AREA, ENERGY, LATENCY
from imcmoo.networks.workloads import WorkloadSet
from imcmoo.space.design_space import DesignSpace
from imcmoo.space.parameters import Categorical, Integer
from tests.model.external import programs

SPACE = DesignSpace(
    "simulated", (Integer("x", 1, 20), Integer("y", 1, 5), Categorical("kind", ("a", "b")))
)
"""200 designs."""

NETWORKS = WorkloadSet.load(["resnet18", "alexnet"])
EVERYTHING = SPACE.unrank(np.arange(SPACE.size))


def answers(metrics, i):
    """Metrics of one design, as a program answers."""
    return {
        "energy": dict(zip(NETWORKS.names, metrics.energy_J[i].tolist(), strict=True)),
        "latency": dict(zip(NETWORKS.names, metrics.latency_s[i].tolist(), strict=True)),
        "area": metrics.area_m2[i],
    }


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
