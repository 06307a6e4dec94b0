"""Agreement of the physical model with published macros, for pages that state its optima."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from experiments.markdown import row

TABLE = Path(__file__).parents[1] / "results" / "published" / "silicon" / "agreement.csv"


def of_a_model() -> str:
    """Name the model of proven optima: "a model within 3 × of n of m published macros"."""
    table = pd.read_csv(TABLE)
    usual = {"state": "clean", "reading": "default", "calibration": "none"}
    shares = []
    for quantity, name in (("t_core_ns", "latency"), ("tops_per_W_1b", "TOPS/W")):
        agreed = row(table, quantity=quantity, **usual)
        shares.append(f"{agreed['within'] * agreed['rows']:.0f} of {agreed['rows']:.0f} ({name})")
    return f"a model within 3 × of {' and '.join(shares)} published macros"
