"""Small accuracy data: two layers, three levels of noise, two precisions; and a small study."""

import numpy as np

from imcmoo.networks.accuracy_data import AccuracyData, LayerData

ABOUT = {
    "network": "net.onnx",
    "data": "eval.npz",
    "network_sha256": "0" * 64,
    "data_sha256": "1" * 64,
    "metric": "top1",
    "output": "y",
    "samples": 100,
    "seed": 0,
    "table_layers": 2,
}


def layer(name, white, static):
    return LayerData(
        name,
        np.ones((1, 2, 3), np.float32),
        np.ones((1, 4, 2), np.float32),
        0.0,
        1.0,
        1.0,
        white,
        static,
    )


DATA = AccuracyData(
    layers=(layer("a", 0.5, 2.0), layer("b", 1.0, 1.0)),
    float_score=0.9,
    levels=np.array([0.01, 0.1, 1.0]),
    white=np.array([0.9, 0.8, 0.2]),
    static=np.array([0.9, 0.7, 0.1]),
    rounding={(8, 8): 0.01, (4, 8): 0.5},
    rounded={(8, 8): 0.9, (4, 8): 0.6},
    about=ABOUT,
)

SRAM_SPACE = """[space]
voltage_V = [0.8, 0.9]
rows = [32, 128]
cols = 128
active_rows = [16, 32]
weight_coding = "offset"
input_slice_bits = 1
input_coding = "levels"
columns_per_adc = 1
tiles_per_group = 2
glb_KiB = 256
dram = "x16"
ping_pong = 0
adc_bits = [5, 6]
sample_and_hold = 0
adc_noise = 10
"""


def sram_study(name, source, *keys):
    """Text of a study of one network on small SRAM chips, with further keys of the network."""
    study = f'name = "{name}"\nmodel = "physical"\ndevice = "sram"\nbudget = 60\n'
    network = "\n".join(["[[networks]]", f'source = "{source}"', *keys])
    return f"{study}baselines = false\n{SRAM_SPACE}{network}\n"
