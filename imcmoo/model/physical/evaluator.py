"""The physical model behind the seam: levels of a design space in, metrics out.

What a study limits by default (signal to noise of conversion, levels of a cell that can be told
apart, loss along wires) are resources that designs may lack, as are cells and buffer bits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.metrics import AREA, ENERGY, LATENCY, Floats, Metrics
from imcmoo.model.physical.bounds.bounded_tree import BoundedTree
from imcmoo.model.physical.breakdown import PhysicalBreakdown
from imcmoo.model.physical.copies import Deployment
from imcmoo.model.physical.devices import DEVICES
from imcmoo.model.physical.keys import COSTLY
from imcmoo.model.physical.lacking import lacking, used_of_limits
from imcmoo.model.physical.metrics import PhysicalMetrics
from imcmoo.model.physical.model import PhysicalModel
from imcmoo.model.physical.objectives import MOST_DB, requested
from imcmoo.model.physical.parameters import TEXTS, Designs
from imcmoo.model.physical.timing import CAUSES
from imcmoo.networks.workloads import WorkloadSet
from imcmoo.space.design_space import DesignSpace, Levels

Ints = NDArray[np.int64]

_UNSCREENED = {"link_bits", "schedule"}
BITS_OF = ("input_bits", "weight_bits")
"""Options that may have a value for each network."""


class PhysicalEvaluator:
    """Keeps `imcmoo.model.cost_model.CostModel`.

    Args:
        space: the designs, of one device; its parameters and fixed values are the columns of
            `imcmoo.model.physical.parameters.Designs`, and `device`.
        workloads: the networks; layers that multiply two activations run on the digital unit.
        deployment: whether networks share a chip "alone" or "together".
        table: component numbers; the shipped ones by default.
        objectives: what is an objective as well, names in `ON_REQUEST`.
        options: further arguments of `PhysicalModel`.

    Raises:
        ValueError: the space lacks a column or has a value that the table or the model does not
            cover, or there is no such objective.
    """

    resource_names: tuple[str, ...] = ("cells", "buffer_bits", "snr", "levels", "wires")

    def __init__(
        self,
        space: DesignSpace,
        workloads: WorkloadSet,
        *,
        deployment: Deployment = "alone",
        table: PhysicalTable | None = None,
        objectives: Sequence[str] = (),
        **options: Any,
    ) -> None:
        self.quantities = (ENERGY, LATENCY, AREA, *requested(objectives))
        if "device" not in space.fixed:
            raise ValueError(f"space {space.name} must fix `device` for the physical model")
        self.space = space
        self.workloads = workloads
        self._table = table or PhysicalTable.load()
        self._requested = tuple(objectives)
        self._deployment: Deployment = deployment
        self._options = options
        self._model = PhysicalModel(
            workloads,
            device=space.fixed["device"],
            deployment=deployment,
            table=self._table,
            dynamic=np.concatenate([np.array(w.dynamic, dtype=bool) for w in workloads.workloads]),
            **options,
        )
        self._limits = self._model.context.limits
        self.body_parameters = tuple(n for n in space.names if n in COSTLY)
        # How links are wide matters to no limit, and the schedule only to what may be streamed.
        without = {"link_bits"} if DEVICES[space.fixed["device"]].streams else _UNSCREENED
        self.screened_by = tuple(n for n in space.names if n not in without)

    @property
    def workload_names(self) -> list[str]:
        """Names of the networks, in the order of the columns of all metrics."""
        return self.workloads.names

    @property
    def macs(self) -> Floats:
        """Multiply-accumulates of one inference of each network, shape (W,)."""
        return self._model.macs

    @property
    def data_digest(self) -> str:
        """SHA-256 (hex) of the component table, the networks, deployment, options and limits."""
        options = sorted(self._options.items())
        # Which designs are feasible shows in no number of a feasible one.
        stated = (self._table.fingerprint, self._deployment, options, self._limits)
        digest = hashlib.sha256(repr(stated).encode())
        digest.update(self.workloads.fingerprint.encode())
        return digest.hexdigest()

    def only(self, name: str) -> PhysicalEvaluator:
        """The model of one of the networks alone.

        Raises:
            ValueError: no such network here.
        """
        if name not in self.workload_names:
            raise ValueError(f"no workload '{name}'; here are {', '.join(self.workload_names)}")
        at = self.workload_names.index(name)
        one = WorkloadSet((self.workloads.workloads[at],))
        own = {
            key: value[at] if key in BITS_OF and not isinstance(value, int) else value
            for key, value in self._options.items()
        }
        return self._alike(one, own)

    def apart(self) -> PhysicalEvaluator:
        """The model of chips that need hold one network at a time."""
        if self._deployment == "alone":
            return self
        return self._alike(self.workloads, self._options)

    def _alike(self, workloads: WorkloadSet, options: Mapping[str, Any]) -> PhysicalEvaluator:
        """The same of other networks, one on the chip at a time."""
        return PhysicalEvaluator(
            self.space, workloads, table=self._table, objectives=self._requested, **options
        )

    def screen(self, levels: Levels) -> Metrics:
        """As `resources`, but of cells only what is surely missing, and no buffer bits.

        Args:
            levels: shape (n, n_parameters).
        """
        known = self._model.screen_of(self._designs(levels))
        return Metrics({"area": known.area_m2}, lacking(known, self._limits))

    def resources(self, levels: Levels) -> Metrics:
        """Area and all that is missing, without energies and times.

        Args:
            levels: shape (n, n_parameters).
        """
        known = self._model.resources_of(self._designs(levels))
        return Metrics({"area": known.area_m2}, lacking(known, self._limits))

    def breakdown(self, levels: Levels) -> PhysicalBreakdown:
        """Energy by layer and component and area by component of a few designs.

        Args:
            levels: shape (n, n_parameters); memory grows with n · layers · components.
        """
        return self._model.breakdown(self.space.decode(levels))

    def in_full(self, levels: Levels) -> PhysicalMetrics:
        """Everything the model says of designs, what binds them included.

        Args:
            levels: shape (n, n_parameters).
        """
        return self._model.evaluate_designs(self._designs(levels))

    def of_runs(self, levels: Levels) -> dict[str, NDArray[Any]]:
        """How networks run: what binds them (`bound_by`), the share of the cells their copies hold
        (`utilization`), whether weights are loaded for every image (`streamed`), and signal to
        noise of cells and conversion (`snr_dB`).

        Args:
            levels: shape (n, n_parameters).

        Returns:
            Shape (n, W) each; of what does not run the first three are empty or NaN.
        """
        found = self._model.evaluate_designs(self._designs(levels))
        bound = np.array([*CAUSES, ""])[found.bound_by]
        return {
            "bound_by": bound,
            "utilization": found.occupied_cells / found.resources.cells[:, None],
            "snr_dB": found.snr_dB,
            "streamed": np.where(found.runs, np.where(found.streamed, "yes", "no"), ""),
        }

    def used(self, levels: Levels) -> dict[str, Floats]:
        """Share of each limit, and of the cells where weights must be resident, shape (n, W).

        Args:
            levels: shape (n, n_parameters).
        """
        designs = self._designs(levels)
        known = self._model.resources_of(designs)
        used = used_of_limits(known, self._limits)
        if not DEVICES[self.space.fixed["device"]].streams:
            used["cells"] = self._model.needed_cells(designs) / known.cells[:, None]
        return used

    def partials(self, area_limit_m2: float) -> BoundedTree:
        """The tree of partial designs and its bounds.

        Args:
            area_limit_m2: bounds need not hold for larger chips; may be infinite.

        Raises:
            NoBounds: as `BoundedTree`.
        """
        return BoundedTree(self.space, self._model.context, self._designs, area_limit_m2)

    def evaluate(self, levels: Levels) -> Metrics:
        """All metrics of many designs.

        Args:
            levels: shape (n, n_parameters).

        Returns:
            `energy` and `latency`, shape (n, W), NaN where a network does not run; `area`, (n,);
            beside these `interval` (s), `power` on the chip (W) and, where that is an objective,
            `snr` (dB, at most `MOST_DB`), as `energy`, and `snr_adc` (dB), (n, W).

        Raises:
            ValueError: levels outside the space, or a value the component table lacks.
        """
        designs = self._designs(levels)
        known = self._model.resources_of(designs)
        metrics = Metrics({"area": known.area_m2}, lacking(known, self._limits))
        runs = metrics.runs
        some = np.flatnonzero(runs.any(axis=1))
        found = self._model.evaluate_designs(designs.take(some), causes=False)
        values = {}
        for name, array in (
            ("energy", found.energy_J),
            ("latency", found.latency_s),
            ("interval", found.interval_s),
            ("power", found.power_W),
            *([("snr", np.minimum(found.snr_dB, MOST_DB))] if "snr" in self._requested else []),
        ):
            values[name] = np.full(runs.shape, np.nan)
            values[name][some] = np.where(runs[some], array, np.nan)
        return Metrics({**values, **metrics.values, "snr_adc": known.snr_adc_dB}, metrics.resources)

    def _designs(self, levels: Levels) -> Designs:
        """What the levels stand for, checked."""
        self.space.validate(levels)
        columns = {
            name: self._codes[name][levels[:, self.space.names.index(name)]]
            if name in self._codes
            else self.space.column(levels, name)
            for name in (*self.space.names, *self.space.fixed)
        }
        return self._model.designs(columns)

    @cached_property
    def _codes(self) -> dict[str, Ints]:
        """Index of each text that a parameter may be, which spares comparing texts."""
        return {
            p.name: np.array([TEXTS[p.name].index(value) for value in p.values])
            for p in self.space.parameters
            if p.name in TEXTS and set(p.values) <= set(TEXTS[p.name])
        }
