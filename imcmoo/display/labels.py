"""Names, units, numbers and limits for tables and figures."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from imcmoo.model.physical.memory_cells import MEMORY_CELLS
from imcmoo.problem.criteria import LOG10, NAMED, SINGLE_NETWORK
from imcmoo.problem.own_score import NAME as SCORE
from imcmoo.problem.own_score import Exponents

if TYPE_CHECKING:
    pass

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
    "smollm_prefill": "SmolLM, prefill",
    "smollm_decode": "SmolLM, step",
    "gpt2_prefill": "GPT-2, prefill",
    "gpt2_decode": "GPT-2, step",
    "qwen2.5-0.5b_prefill": "Qwen2.5-0.5B, prefill",
    "qwen2.5-0.5b_decode": "Qwen2.5-0.5B, step",
    "wav2vec2_base": "wav2vec 2.0",
    "technology_cost_sram": "SRAM, technology and cost",
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
    "dac": "row drivers and DACs",
    "dram": "DRAM",
    "adc_bits": "ADC bits",
    "columns_per_adc": "columns per ADC or tree",
    "adder_trees": "adder trees",
    "input_registers": "input registers",
    "tree_stages": "pipeline stages",
    "buffer_words": "bytes per buffer access",
    "ping_pong": "double-buffered weights",
}

SHIPPED_STUDY = re.compile(r"(?P<n>four|nine)_workload_(?P<device>[a-z0-9]+)(_(?P<kind>[a-z]+))?")
"""Names of shipped studies of one device."""


def device_label(name: str) -> str:
    """Name of a device for people: its title, or its label where that does not hold the name."""
    cell = MEMORY_CELLS[name]
    return cell.title if name in cell.label.lower() else cell.label


def label(name: str) -> str:
    """Name for people; unknown names are kept, with blanks for underscores.

    Networks imported from ONNX are named as what they are.
    """
    if name.startswith(LOG10):
        return f"log10 of {label(name.removeprefix(LOG10))}"
    study = SHIPPED_STUDY.fullmatch(name)
    if study and study["device"] in MEMORY_CELLS:
        kind = f", {study['kind']}" if study["kind"] else ""
        return f"{device_label(study['device'])}, {study['n']} networks{kind}"
    return LABELS.get(name) or LABELS.get(name.removesuffix("_onnx"), name.replace("_", " "))


def distinct_labels(names: Sequence[str]) -> list[str]:
    """Names for people; those that would be equal are kept unchanged."""
    labels = [label(name) for name in names]
    return [
        short if labels.count(short) == 1 else n for n, short in zip(names, labels, strict=True)
    ]


MEANINGS = {
    "edap_max": "largest EDAP of a network",
    "edap_mean": "mean EDAP of the networks",
    "edap_product": "product of the EDAPs of all networks",
    "edap_geomean": "geometric mean of the EDAPs of the networks",
    "ela_max": "largest energy × largest latency × area (score of Krestinskaya et al.)",
    "ela_mean": "mean energy × mean latency × area",
    "regret_minimax": "largest regret of a network: its EDAP over that of the best chip for it "
    "alone, minus 1",
    "pseudo_weights": "distance of the pseudo-weights of a design from equal weights of all "
    "objectives",
    "average_power": "average power while all deadlines are met",
    "area": "area of the chip",
    "load": "1 over capacity; above 1 the chip misses a deadline",
}
"""Definitions of the built-in criteria, by name."""


def criterion_unit(name: str, own: object = None) -> str:
    """Unit of the score of a criterion; empty if it has none.

    Args:
        name: the criterion, or that of the optimum of a single network.
        own: the own score of the study or its config, whose exponents give its unit.
    """
    if name.startswith(SINGLE_NETWORK):
        return NAMED["edap_max"].unit
    if name == SCORE and isinstance(own, Mapping):
        own = Exponents(**own)
    if name == SCORE and isinstance(own, Exponents):
        return own.unit
    return NAMED[name].unit if name in NAMED else ""


def criterion_heading(name: str) -> str:
    """Heading of a column of scores, with their unit."""
    unit = criterion_unit(name)
    return f"{label(name)} ({unit})" if unit else label(name)
