"""A cost model of a user's that knows no stages, but bounds boxes of designs by intervals."""

import numpy as np

from imcmoo.model.metrics import AREA, ENERGY, LATENCY, Metrics, Resource
from imcmoo.space.design_space import DesignSpace
from imcmoo.space.parameters import Integer

NAMES = ("rows", "cols", "macros", "supply", "bits", "shared", "buffer", "link", "dram", "tile")


def space_of(levels):
    """All ten parameters with so many levels each."""
    return DesignSpace("boxed", tuple(Integer(name, 0, levels - 1) for name in NAMES))


class BoxedToy:
    """A chip whose costs rise with some parameters and fall with others.

    Every occurrence of a parameter takes the end of its interval that costs least, so that of a box
    of one design the bound is what it costs.
    """

    quantities = (ENERGY, LATENCY, AREA)
    resource_names = ("resolution",)

    def __init__(self, space, workloads, **options):
        self.space = space
        self.workload_names = workloads.names
        self._macs = 1e9 * np.arange(1, len(workloads) + 1) ** 2.0
        self._words = 1e6 * np.arange(len(workloads), 0, -1)

    def evaluate(self, levels):
        self.space.validate(levels)
        costs, lacks = self._costs(levels, levels)
        missing = np.repeat(lacks[:, None], len(self.workload_names), axis=1)
        runs = np.where(missing > 0, np.nan, 1.0)
        values = {"energy": costs[0] * runs, "latency": costs[1] * runs, "area": costs[2]}
        return Metrics(values, {"resolution": Resource(np.ones(len(levels)), missing)})

    def bound_boxes(self, lowest, highest):
        (energy, latency, area), lacks = self._costs(lowest, highest)
        runs = np.where(lacks > 0, np.inf, 1.0)[:, None]
        return Metrics({"energy": energy * runs, "latency": latency * runs, "area": area}, {})

    def _costs(self, lowest, highest):
        few, many = (
            {name: 1.0 + self.space.column(ends, name) for name in NAMES}
            for ends in (lowest, highest)
        )
        volt, most_volt = 0.6 + 0.05 * few["supply"], 0.6 + 0.05 * many["supply"]
        codes, most_codes = 2.0 ** few["bits"], 2.0 ** many["bits"]
        at_once = many["rows"] * many["cols"] * many["macros"] / few["shared"]
        clock = 1e8 * (1 - 0.3 / most_volt) ** 2 / few["bits"]
        arrays = self._macs / (at_once * clock)[:, None]
        links = self._words * (few["tile"] ** 0.5 / (1e8 * many["link"]))[:, None]
        spilled = np.maximum(self._words - 2e5 * many["buffer"][:, None], 0.0)
        latency = np.maximum(arrays, links) + spilled / (1e8 * many["dram"][:, None])
        cells = few["rows"] * few["cols"] * few["macros"]
        converters = few["cols"] * few["macros"] / many["shared"]
        each = 1e-14 * volt**2 * (1.0 + codes / many["rows"])
        energy = self._macs * each[:, None] + spilled * 1e-10
        energy = energy + self._words * (1e-12 * few["tile"] ** 0.5)[:, None]
        energy = energy + latency * (1e-3 * volt * cells)[:, None]
        area = 1e-8 * (cells + converters * codes / 8 + few["buffer"] * 5 + few["dram"] * 20)
        area = area + 1e-8 * few["link"] * (10 / many["tile"] + few["tile"])
        return (energy, latency, area), np.maximum(few["rows"] - most_codes, 0.0)
