"""`docs/physical.md`: what the physical studies answer, every number from the published tables.

Studies can be asked with each converter model. The default one's tables are in `physics` and its
page is `physical.md`, which also says what changes with the others; theirs are in `physics_NAME`
and `physical_NAME.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from experiments.physics import answers, beyond
from experiments.physics.beside_silicon import beside_silicon
from experiments.physics.chips import best_chips
from experiments.physics.converters import with_others
from experiments.physics.exploits import exploits
from experiments.physics.figures import FIGURES, NAME
from experiments.physics.in_short import in_short
from experiments.physics.rules import rules
from experiments.physics.survives import survives
from imcmoo.model.physical.parameters import ADC_MODELS

DEFAULT_ADC = "zigzag"
CONFIG = "config.json"
"""Written last: where it stands, all tables beside it are of one state of the code."""

HEAD = """# What one chip should look like, by the physical model

Written by `{command}`; every number is in a table of
[results/published/{folder}](../results/published/{folder}). What the model is:
[physical_model.md](physical_model.md); how far to trust it: [silicon.md](silicon.md). All at 32 nm,
with the converter model `{adc_model}`, within 800 mm², 16 dB of signal to noise of conversion,
levels 6 σ apart, 5 % of the read voltage lost at the most, and 1 W/mm².
"""


def folder_of(adc_model: str) -> str:
    """Name of the folder of the tables that rest on a converter model."""
    return "physics" if adc_model == DEFAULT_ADC else f"physics_{adc_model}"


def name_of(adc_model: str) -> str:
    """Name of its page."""
    return "physical.md" if adc_model == DEFAULT_ADC else f"physical_{adc_model}.md"


def asked(published: Path) -> list[str]:
    """The converter models all of whose tables are published."""
    return [m for m in ADC_MODELS if (published / folder_of(m) / CONFIG).is_file()]


def page(published: Path, adc_model: str) -> str:
    """The page of a converter model.

    Args:
        published: has the folders of tables.
        adc_model: the converter model.
    """
    every = {
        model: _tables(published / folder_of(model))
        for model in asked(published)
        if adc_model in (model, DEFAULT_ADC)
    }
    frames = every.pop(adc_model)
    parts = [_head(adc_model), *_body(frames, every, published, folder_of(adc_model))]
    if every:
        parts.append(with_others(adc_model, frames, every))
    return "\n".join(parts)


def _tables(folder: Path) -> answers.Frames:
    """By name."""
    return {path.stem: pd.read_csv(path) for path in sorted(folder.glob("*.csv"))}


def _head(adc_model: str) -> str:
    option = "" if adc_model == DEFAULT_ADC else f" --adc {adc_model}"
    command = f"python -m experiments.run physics{option}"
    return HEAD.format(adc_model=adc_model, folder=folder_of(adc_model), command=command)


def _body(
    frames: answers.Frames, others: Mapping[str, answers.Frames], published: Path, folder: str
) -> list[str]:
    varied = "variations" in frames
    every = [
        in_short(frames, others),
        _figure(folder),
        survives(frames) if varied else "",
        best_chips(frames),
        beside_silicon(frames, published),
        exploits(frames),
        *(
            section(frames)
            for section in (
                answers.baselines,
                answers.sacrifices,
                answers.generality,
                answers.parameters,
                answers.contrasts,
            )
        ),
        rules(frames) if varied else "",
        beyond.ends(frames),
        beyond.searches(frames),
    ]
    return [section for section in every if section]


def _figure(folder: str) -> str:
    """The figure, and where it is in other forms."""
    path = f"../results/published/{folder}/{FIGURES}/{NAME}"
    caption = (
        "What the chip by minimax regret costs each network: EDAP over that of the best chip for "
        "the network alone"
    )
    return (
        f"![{caption}]({path}.png)\n\n*{caption}.* [PDF]({path}.pdf), "
        f"[one column]({path}_narrow.pdf), [what it shows]({path}.csv).\n"
    )
