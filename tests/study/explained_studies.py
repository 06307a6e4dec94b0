"""Studies of every kind of cost model, to be explained."""

from imcmoo.cli import catalogue
from imcmoo.study.study import Study
from tests.model.physical.test_evaluator import DEVICE_SPACES, NETWORKS

REFERENCE = catalogue.studies()["four_workload_rram"]
STREAMING = catalogue.studies()["four_workload_sram"]
STUDIES = {
    "reference": REFERENCE,
    "streaming": STREAMING,
    **{
        f"physical_{device}": Study(device, space, NETWORKS, model="physical")
        for device, space in DEVICE_SPACES.items()
    },
}
