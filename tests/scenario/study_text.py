"""Text of study files of two networks under requests."""

import json
from typing import Any

NETWORKS = """
[[networks]]
source = "resnet18_onnx"
rate_Hz = 60
burst = 2
[[networks]]
source = "alexnet_onnx"
rate_Hz = 30
deadline_s = 0.02
"""

SRAM = 'base = "sram_physical"'


def study_text(
    scenario: str, *, space: str = SRAM, networks: str = NETWORKS, **settings: Any
) -> str:
    """A study of the physical model: lines of its tables, of which that of the scenario may be
    empty for none, and further keys."""
    keys = {"name": "two", "model": "physical", **settings}
    lines = [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
    table = f"[scenario]\n{scenario}" if scenario else ""
    return "\n".join([*lines, "[space]", space, table, networks])
