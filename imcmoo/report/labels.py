"""Labels of workloads, studies, criteria and units in tables and figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from imcmoo.problem.score_range import LOG10
from imcmoo.problem.scores import AGGREGATIONS

LABELS = {
    "joint": "all networks",
    "resnet18": "ResNet18",
    "vgg16": "VGG16",
    "alexnet": "AlexNet",
    "mobilenet_v3": "MobileNetV3",
    "gpt2_medium": "GPT-2 Medium",
    "mobilebert": "MobileBERT",
    "densenet201": "DenseNet201",
    "resnet50": "ResNet50",
    "vision_transformer": "ViT",
    "four_workload_rram": "RRAM, four networks",
    "four_workload_sram": "SRAM, four networks",
    "nine_workload_rram": "RRAM, nine networks",
    "nine_workload_sram": "SRAM, nine networks",
    "technology_cost_sram": "SRAM, technology and cost",
    "four_workload_rram_physical": "RRAM, four networks, physical",
    "four_workload_sram_physical": "SRAM, four networks, physical",
    "nine_workload_rram_physical": "RRAM, nine networks, physical",
    "nine_workload_sram_physical": "SRAM, nine networks, physical",
    "four_workload_rram_extended": "RRAM, four networks, extended",
    "four_workload_sram_extended": "SRAM, four networks, extended",
    "nine_workload_rram_extended": "RRAM, nine networks, extended",
    "nine_workload_sram_extended": "SRAM, nine networks, extended",
    "technology_cost_extended": "SRAM, technology and cost, extended",
    "edap_max": "EDAP, max",
    "edap_mean": "EDAP, mean",
    "edap_product": "EDAP, product",
    "edap_geomean": "EDAP, geo. mean",
    "ela_max": "E·L·A, max",
    "ela_mean": "E·L·A, mean",
    "ela_product": "E·L·A, product",
    "regret_minimax": "minimax regret",
    "regret_minimax_joint": "minimax regret, joint",
    "pseudo_weights": "pseudo-weights",
    "score": "own score",
    "cim_unit": "cells",
    "adc": "ADC",
    "glb": "global buffer",
    "dac": "DAC",
    "dram": "DRAM",
    "adc_bits": "ADC bits",
    "columns_per_adc": "columns per ADC",
    "ping_pong": "double-buffered weights",
}

ON_SCREEN = {
    "J": (1e3, "mJ"),
    "s": (1e6, "µs"),
    **dict.fromkeys(("mm2", "m2"), (1.0, "mm²")),
}
"""For a unit in files, how many of the unit on the screen make one, and its name; areas in files
are in mm² already."""


def on_screen(unit: str) -> tuple[float, str]:
    """Factor from a unit in files to the one on the screen, and the name of the latter."""
    return ON_SCREEN.get(unit, (1.0, unit))


def networks_in(columns: Iterable[Any], prefix: str) -> list[str]:
    """The networks a table has columns `<prefix><network>` of; aggregations are named alike."""
    names = [str(c).removeprefix(prefix) for c in columns if str(c).startswith(prefix)]
    return [name for name in names if name not in AGGREGATIONS]


def label(name: str) -> str:
    """The name for people; one without an entry stands for itself, underscores as spaces.

    Networks that were read from ONNX files are called as what they are.
    """
    if name.startswith(LOG10):
        return f"log10 of {label(name.removeprefix(LOG10))}"
    return LABELS.get(name) or LABELS.get(name.removesuffix("_onnx"), name.replace("_", " "))


def distinct_labels(names: Sequence[str]) -> list[str]:
    """The names for people; those that two would share stay as they are."""
    labels = [label(name) for name in names]
    return [
        short if labels.count(short) == 1 else n for n, short in zip(names, labels, strict=True)
    ]
