"""What can be an objective of the physical model beside energy, latency and area."""

from __future__ import annotations

from collections.abc import Sequence

from imcmoo.model.metrics import Quantity

MOST_DB = 100.0
"""Signal to noise as an objective ends here, far beyond the 50 dB of 8-bit numbers: a
converter that resolves every unit has no noise, which no objective can be compared with."""

ON_REQUEST = {
    q.name: q
    for q in (
        Quantity("interval", "s", bound=1e6),
        Quantity("power", "W", bound=1e6),
        Quantity("snr", "dB", sense="max", scale="interval", bound=1e3),
    )
}
"""What can be an objective beside energy, latency and area: time from one inference to the next,
power on the chip, and signal to noise of cells and conversion."""


def requested(objectives: Sequence[str]) -> list[Quantity]:
    """Quantities by name.

    Raises:
        ValueError: an unknown one, or one that is named twice.
    """
    for name in objectives:
        if name not in ON_REQUEST or objectives.count(name) > 1:
            raise ValueError(
                f"objectives of the physical model, beside energy, latency and area, can be "
                f"{', '.join(ON_REQUEST)}, each once; got {', '.join(objectives)}"
            )
    return [ON_REQUEST[name] for name in objectives]
