"""Tables of published macros, read as text; `coverage` interprets their cells."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from imcmoo.io.errors import InputError
from imcmoo.space.designs_csv import DesignsTable

NUMBERS = (
    *("rows", "cols", "input_bits", "weight_bits", "adc_bits"),
    *("dot_product_length", "n_adc"),
)
"""Columns of numbers without which a macro cannot be modelled."""

NEEDED = ("technology_nm", "architecture", "voltage_V", *NUMBERS)
"""Columns that a table must have."""

MEASURED = ("t_core_ns", "tops_per_W_1b", "tops_per_mm2_1b")
"""Compared quantities, as the chips' authors give them."""

OPTIONAL = ("year", "venue", "title", "cell", "compute_model", "tops_1b", *MEASURED)
"""Columns that a table may have."""

ADDED = ("covered", "reason", *(f"model_{name}" for name in MEASURED))
"""Columns that the comparison adds, in order."""

SHIPPED = Path(__file__).parent / "data" / "macros.csv"
"""Macros that ship with the package; `data/README.md` names their source."""


def read(path: Path) -> pd.DataFrame:
    """Read a table of macros as unchanged text.

    Args:
        path: a CSV file in UTF-8 with a header; columns besides the known ones are kept.

    Returns:
        Columns of text, those of the file in their order.

    Raises:
        InputError: the file is no table of macros; says what is wrong and where.
        OSError: it cannot be read.
    """
    table = DesignsTable.read(path)
    lacking = [name for name in NEEDED if name not in table.header]
    if lacking:
        raise InputError(f"{path}: the header lacks {', '.join(lacking)}")
    added = [name for name in ADDED if name in table.header]
    if added:
        raise InputError(f"{path}: the header has what the comparison adds, {', '.join(added)}")
    return pd.DataFrame(table.rows, columns=table.header, dtype=str)
