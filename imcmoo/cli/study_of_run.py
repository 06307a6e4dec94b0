"""The study that a finished run was of, and explanations of the run's designs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from imcmoo.cli import catalogue
from imcmoo.cli.progress import Bars
from imcmoo.io.errors import InputError
from imcmoo.io.own_code import own_code
from imcmoo.io.units import to_si
from imcmoo.problem.identity import differing_keys
from imcmoo.study.explain import explain_run
from imcmoo.study.explanation import Explanation
from imcmoo.study.results import Results
from imcmoo.study.study import OF_NETWORKS, Study
from imcmoo.study.study_file import REMOVED_KEYS

SETTINGS = ("criterion", "deployment", "baselines", "seed", "budget")
"""What a command line may have changed of a study, beside the area limit."""

OPTIONAL = ("compute_snr_limit_dB", "scenario", *OF_NETWORKS)
"""Keys that the config of a run has only if its study does."""


def study_of_run(folder: Path, config: Mapping[str, Any], name: str | None) -> Study:
    """The study a run was of, with the run's settings.

    Args:
        folder, config: of the run.
        name: name or file of the study; by default the name in the config.

    Raises:
        InputError: there is no such study, it asks something else today, or the folder names a
            criterion in a module that the study does not.
    """
    try:
        stored = str(config["study"])
        ordinary = catalogue.named_study(stored) if name is None else catalogue.find_study(name)
    except InputError as error:
        if name is not None:
            raise
        raise InputError(f"{folder}: {error}; give its --study") from None
    check_trusted(str(config.get("criterion")), ordinary, folder)
    try:
        study = replace(ordinary, **{name: config[name] for name in SETTINGS})
        limit = config["area_limit_mm2"]
        if limit != study.to_config()["area_limit_mm2"]:
            study = replace(study, area_limit_m2=None if limit is None else to_si("m2", limit))
        today = json.loads(json.dumps(study.to_config()))
        keys = [*today, *(key for key in OPTIONAL if key in config)]
        differing = [key for key in keys if config.get(key) != today.get(key)]
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{folder}/config.json is not the config of a run: {error}") from None
    if config.get("scaling", "reference") != "reference":  # of runs before it was removed
        raise InputError(f"{folder}: scaling was removed: {REMOVED_KEYS['scaling']}")
    if differing:
        raise InputError(
            f"{folder} is of another study than {ordinary.name}: {differing[0]} differs"
        )
    if names := differing_keys(config.get("own_code", {}), own_code(study.own_modules)):
        raise InputError(f"{folder} is of other code of your own: {', '.join(names)}")
    return study


def explain_front(study: Study, results: Results, *, quiet: bool) -> list[Explanation]:
    """Explain the designs of a run and of its Pareto front, and show progress.

    Raises:
        InputError: the run is of another study or cost model.
    """
    with Bars(quiet=quiet) as shown:
        task = shown.add_task("designs explained", total=None)
        return explain_run(
            study.problem(),
            study.asked_criterion,
            results,
            front=True,
            on_explained=lambda done, total: shown.update(task, completed=done, total=total),
        )


def check_trusted(criterion: str, study: Study, path: Path) -> None:
    """Check that no module is imported because a file of results names it.

    Raises:
        InputError: the criterion of the file at `path` is `module:name`, and not that of the study
            the user named.
    """
    if ":" in criterion and criterion != study.criterion:
        raise InputError(
            f"{path} names the criterion {criterion}, whose module would run code: give --study, a "
            "file with this criterion, if you trust it"
        )
