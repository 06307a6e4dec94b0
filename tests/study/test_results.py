"""What a run hands on in memory is what its files hold."""

import pandas as pd
import pytest

from imcmoo.cli import run_command
from imcmoo.study.results import Results
from tests.cli.helpers import run_quietly
from tests.scenario.study_text import STUDY

TOY = """
name = "toy"
area_limit_mm2 = inf
model = "tests.toy_model:Toy"
criterion = "tests.toy_model:MERIT"
baselines = false
[space]
{space}
[[networks]]
source = "resnet18"
[[networks]]
source = "alexnet"
"""
