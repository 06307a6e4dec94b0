"""Cost models at the ends of what a page has to show: one number in all, and very many."""

import numpy as np

from imcmoo.api import Study
from imcmoo.model.cost_model import CostModel
from imcmoo.model.metrics import Metrics, Quantity
from imcmoo.space.design_space import DesignSpace
from imcmoo.space.parameters import Categorical, Integer

SPACE = DesignSpace("odd", (Integer("x", 0, 99), Categorical("kind", ("NA", "01", "<b>"))))


class Single(CostModel):
    """The chip has one quantity, networks have none."""

    quantities = (Quantity("weight", "g", per_workload=False),)
    resource_names = ()

    def __init__(self, space, workloads, **options):
        self.space = space
        self.workload_names = workloads.names

    def evaluate(self, levels):
        return Metrics({"weight": 3.0 + levels.sum(axis=1)}, {})


class Many(Single):
    """Nothing is the chip's; every network has four quantities."""

    quantities = tuple(Quantity(name, "", scale="interval") for name in "abcd")

    def evaluate(self, levels):
        networks = np.arange(len(self.workload_names))
        waves = {
            q.name: np.cos(levels[:, :1] * (k + 1) + networks + levels[:, 1:])
            for k, q in enumerate(self.quantities)
        }
        return Metrics(waves, {})


TABLES = (
    "resnet18", "vgg16", "alexnet", "mobilenet_v3", "gpt2_medium", "mobilebert", "densenet201",
    "resnet50", "vision_transformer",
)  # fmt: skip

STUDIES = {
    name: Study(
        name=name,
        space=SPACE,
        networks=networks,
        area_limit_mm2=None,
        model=f"tests.report.odd_models:{name.title()}",
        criterion="pseudo_weights",
        baselines=False,
    )
    for name, networks in {
        "single": TABLES[:1],
        "many": (*TABLES, *(f"{name}_onnx" for name in TABLES)),
    }.items()
}
