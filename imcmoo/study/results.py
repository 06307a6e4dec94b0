"""The results of one run as they lie in its folder: all that tables and figures are made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from imcmoo.io.errors import InputError
from imcmoo.io.files import unchanged
from imcmoo.io.reading import read_json
from imcmoo.model.metrics import Floats
from imcmoo.study.results_folder import CONFIG, check_files
from imcmoo.study.searches import BEST_FOUND, EXACT


@contextmanager
def reading(folder: Path) -> Iterator[Results]:
    """The results of a complete run, of which all files are of one run while the block reads.

    Raises:
        InputError: as `Results.read`, or another run was published meanwhile.
    """
    if not (folder / CONFIG).is_file():
        raise InputError(f"{folder} holds no complete run: there is no {CONFIG}")
    with unchanged(folder / CONFIG):
        yield Results.read(folder)


@dataclass(frozen=True)
class Results:
    """Tables of a run.

    Args:
        folder: has the CSV files.
        config: what was run, as in `config.json`.
    """

    folder: Path
    config: Mapping[str, Any]

    @classmethod
    def read(cls, folder: Path) -> Results:
        """The results of a complete run.

        Raises:
            InputError: the folder holds no complete run of this version, or a file is damaged.
        """
        path = folder / CONFIG
        try:
            config = read_json(path)
        except FileNotFoundError:
            raise InputError(f"{folder} holds no complete run: there is no config.json") from None
        except ValueError:
            raise InputError(f"{path} is not the config of a run") from None
        if not isinstance(config, dict) or "study" not in config:
            raise InputError(f"{folder} is of a version before 0.2: run the study again")
        check_files(folder, remedy="bring it back, or run the study again", all_there=False)
        return cls(folder, config)

    @property
    def study(self) -> str:
        """Name of the study."""
        return str(self.config["study"])

    @property
    def workloads(self) -> list[str]:
        """Names of the networks, in the order of all columns."""
        return list(self.config["workloads"])

    @property
    def parameters(self) -> list[str]:
        """Names of the parameters of the space."""
        return list(self.config["space"])

    @property
    def values_by_parameter(self) -> dict[str, list[Any]]:
        """All values of each parameter, in order; of one that depends on another, those of all."""
        values_of = {}
        for name, values in self.config["space"].items():
            if isinstance(values, dict):
                values = sorted({v for part in values["values"].values() for v in part})
            values_of[str(name)] = list(values)
        return values_of

    @cached_property
    def evaluations(self) -> pd.DataFrame:
        """Every design of the joint search."""
        return self._frame("evaluations")

    @cached_property
    def front(self) -> pd.DataFrame:
        """The non-dominated designs."""
        return self._frame("front")

    @cached_property
    def selection(self) -> pd.DataFrame:
        """The design each criterion selects."""
        return self._frame("selection")

    @property
    def selected(self) -> pd.DataFrame:
        """The joint design, one row of `selection`."""
        return self.selection[self.selection["used"]]

    @property
    def criterion(self) -> str:
        """Name of the criterion that has the last word."""
        return str(self.selected["criterion"].iloc[0])

    @cached_property
    def design(self) -> dict[str, Any]:
        """Content of `design.json`, the joint design."""
        return dict(read_json(self.folder / "design.json"))

    @property
    def regret_reference(self) -> str:
        """Reference of the regrets; files of older versions do not say it."""
        return str(self.design.get("regret_reference", BEST_FOUND))

    @property
    def reference_edap(self) -> Floats | None:
        """EDAP of each network that regrets are against, J·s·mm², shape (W,); None without EDAP."""
        if not self.has_edap_columns:
            return None
        if self.regret_reference == EXACT:
            networks = self.design["workloads"]
            return np.array([networks[n]["reference_edap_J_s_mm2"] for n in self.workloads])
        tables = [table for table in (self.front, self.baselines) if table is not None]
        rows = [self.of_workloads(table, "edap_{}_J_s_mm2") for table in tables]
        return np.asarray(np.nanmin(np.concatenate(rows), axis=0))

    @cached_property
    def convergence(self) -> pd.DataFrame:
        """Improvements of the best design of each search."""
        return self._frame("convergence")

    @cached_property
    def baselines(self) -> pd.DataFrame | None:
        """Designs for all and for one workload, if the run has any."""
        return self._optional("baselines")

    @cached_property
    def breakdown(self) -> pd.DataFrame | None:
        """Energy and area of the selected design by component, if the model tells."""
        return self._optional("breakdown")

    @cached_property
    def regret(self) -> pd.DataFrame | None:
        """Distance from the exact optimum, if it is known."""
        return self._optional("regret")

    @cached_property
    def indicators(self) -> pd.DataFrame | None:
        """Distance from the exact front, if it is known."""
        return self._optional("indicators")

    @cached_property
    def scenario(self) -> pd.DataFrame | None:
        """Service of the requests of each network by the selected design, if there are any."""
        return self._optional("scenario")

    @cached_property
    def timeline(self) -> pd.DataFrame | None:
        """Simulated work of the selected design, if there are requests."""
        return self._optional("timeline")

    def of_workloads(self, frame: pd.DataFrame, pattern: str) -> Floats:
        """The columns of a table that are one per workload, shape (n, W); `{}` is its name."""
        columns = [pattern.format(name) for name in self.workloads]
        return np.asarray(frame[columns].to_numpy(dtype=float))

    @property
    def has_edap_columns(self) -> bool:
        """True if the tables have the EDAP of each network."""
        return f"edap_{self.workloads[0]}_J_s_mm2" in self.front

    def _frame(self, name: str) -> pd.DataFrame:
        words = [n for n, values in self.values_by_parameter.items() if isinstance(values[0], str)]
        # Only an empty cell is nothing: a level may well be called "NA", or "01".
        frame = pd.read_csv(
            self.folder / f"{name}.csv",
            dtype=dict.fromkeys(words, str),
            keep_default_na=False,
            na_values=[""],
        )
        return frame.copy()  # as one block: of a hundred and more pandas warns

    def _optional(self, name: str) -> pd.DataFrame | None:
        return self._frame(name) if (self.folder / f"{name}.csv").exists() else None
