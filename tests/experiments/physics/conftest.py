"""A small physical study and its exact answer."""

import pytest

from imcmoo.solve.enumerate import enumerate_study
from imcmoo.space.restricted import restricted
from problems import STUDIES

SMALL = {
    "voltage_V": (0.8, 1.0), "rows": (64, 128), "cols": (128,), "input_coding": ("levels",),
    "columns_per_adc": (2, 4), "tiles_per_group": (4, 8), "router_groups": (32,),
    "glb_KiB": (256, 1024), "dram": ("x64",),
}  # fmt: skip


@pytest.fixture(scope="session")
def study():
    whole = STUDIES["four_workload_sram_physical"]
    space = restricted(whole.space, SMALL, name="small")
    two = ("resnet18_onnx", "mobilenet_v3_onnx")
    return whole.replace(name="small", space=space, networks=two, budget=600)


@pytest.fixture(scope="session")
def exact(study, tmp_path_factory):
    """Its exact optima, by criterion."""
    folder = tmp_path_factory.mktemp("exact")
    return enumerate_study(study, folder, workers=1, on_progress=lambda *_: None).optima
