"""Studies of every kind of cost model, and files of studies that tests write."""

from imcmoo.api import Study
from imcmoo.study import catalogue
from tests.model.physical.test_evaluator import DEVICE_SPACES, NETWORKS

SMALL_RRAM = """
name = "small"
[space]
base = "rram"
voltage_V = [0.5, 0.6]
bits_per_cell = [4, 8]
cycle_s = 1e-9
rows = [128, 512]
cols = [64, 128]
[[networks]]
source = "resnet18"
[[networks]]
source = "alexnet"
[[networks]]
source = "mobilenet_v3"
"""


def written(folder, text):
    """Writes the text of a study; returns the path of its file."""
    path = folder / "own.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


REFERENCE = catalogue.studies()["four_workload_rram"]

STUDIES = {
    "reference": REFERENCE,
    "streaming": catalogue.studies()["four_workload_sram"],
    **{
        f"physical_{device}": Study(name=device, space=space, networks=NETWORKS, model="physical")
        for device, space in DEVICE_SPACES.items()
    },
}
