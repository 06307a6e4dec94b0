"""Partial designs as chips better than any completion, to be run by the model itself.

Every energy, time and area of the model grows with the numbers a chip is made of. So a chip of the
least numbers that what is not chosen allows (`least_numbers`) needs no more than any completion.
Where power throttles a chip, a larger one may draw more: there the largest area counts.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.physical.batch import Batch
from imcmoo.model.physical.chip import MACRO_PARTS, Chip, link_price, total
from imcmoo.model.physical.context import Context
from imcmoo.model.physical.layer_work import Rates
from imcmoo.model.physical.least_numbers import Numbers
from imcmoo.model.physical.parameters import Designs
from imcmoo.model.physical.runs import Run

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SAFETY = 1 - 1e-9
"""Sums in another order may round up."""


class OptimisticBatch(Batch):
    """Partial designs as chips that need no more than any completion.

    Args:
        context: the model.
        designs: as `PartialDesigns.filled` makes them, all of one schedule.
        numbers: the least of each, shape (n,).
        groups: router groups at the least and at the most.
        area_limit_m2: of the chips that matter.
    """

    def __init__(
        self,
        context: Context,
        designs: Designs,
        numbers: Numbers,
        groups: tuple[Ints, Ints],
        area_limit_m2: float,
    ) -> None:
        super().__init__(context, designs)
        self._numbers = numbers
        self._tiles = designs.tiles_per_group * designs.router_groups
        self._groups = groups
        self._area_limit_m2 = area_limit_m2

    @cached_property
    def chip(self) -> Chip:
        """Of the least numbers."""
        n, macros, c = self._numbers, self.designs.macros, self.context
        areas = {part: n[f"area_{part}"] * macros for part in MACRO_PARTS}
        areas |= {
            "buffers": n["area_buffers"] * self._tiles,
            "routers": n["area_router"] * self._groups[0],
            "memory": n["area_memory"],
            "digital": n["area_digital"],
        }
        leaks = {part: n[f"leak_{part}"] * macros for part in MACRO_PARTS}
        leaks |= {"buffers": n["leak_buffers"] * self._tiles}
        leaks |= {part: n[f"leak_{part}"] for part in ("glb", "digital")}
        area = total(areas.values())
        prices = {name[6:]: v for name, v in n.items() if name.startswith("price_")}
        prices["shift_add"] = np.zeros_like(area)  # is in the price of a conversion
        prices["link"] = link_price(
            n["hop_J"], n["wire_J_per_m"], area, given=c.given, switches=c.switches
        )
        speeds = ("hop_J", "wire_J_per_m", "glb_bit_s", "buffer_word_s", "link_bit_s", "dram_bit_s")
        return Chip(areas, leaks, prices, **{name: n[name] for name in speeds})

    @cached_property
    def rates(self) -> Rates:
        """Of the least numbers; converters and widths are those of the kindest levels."""
        n = self._numbers
        return replace(
            super().rates,
            read_s=n["read_s"],
            convert_s=n["convert_s"],
            row_write_s=n["row_write_s"],
            mac_s=n["mac_s"],
            glb_bit_s=n["glb_bit_s"],
            link_bit_s=n["link_bit_s"],
            buffer_word_s=n["buffer_word_s"],
            dram_bit_s=n["dram_bit_s"],
        )

    @property
    def largest_area_m2(self) -> Floats:
        """No completion that matters is larger."""
        n = self._numbers
        macro = sum(n[f"less_area_{part}"] for part in MACRO_PARTS)
        others = n["area_buffers"] * self._tiles + n["area_router"] * self._groups[1]
        most = others + n["area_digital"] - macro * self.designs.macros - n["less_area_memory"]
        return np.minimum(most / SAFETY, self._area_limit_m2)

    def powered(self, run: Run, occupied: Floats) -> Run:
        """As of a `Batch`, but slowed down no more than the largest chip is."""
        leak = self.leak_W(occupied)
        allowed = (self.context.given.power_W_per_m2.value * self.largest_area_m2)[:, None]
        least = (run.energy_J - run.dram_J) / np.maximum(allowed - leak, 1e-3 * allowed)
        interval = np.maximum(least, run.interval_s)
        return replace(
            run,
            energy_J=run.energy_J + leak * interval,
            latency_s=np.maximum(least, run.latency_s),
            interval_s=interval,
        )
