"""Draw the golden set from the full records: `python -m tests.reference.golden.draw`.

Whole designs are drawn, with all their networks, so that what holds for a design can be tested.
Which ones does not depend on our model: by chance, equally many from each stratum.
"""

import gzip
import json
from collections import defaultdict

import numpy as np
import pandas as pd

from tests.reference import records

SEED = 11

DESIGNS_PER_STRATUM = {
    "four_workload_rram_product": 8,
    "four_workload_sram_product": 8,
    "nine_workload_sram_mean": 4,
    "technology_cost_sram": 2,
}
"""Strata are study, technology node, and third of the chips' areas in both."""

SHARE_OF_RUNS = 1 / 3
"""Of the single-layer runs of each device and network, apart for those that map and do not."""

NOT_COMPARED = ["mean_tops_per_w", "mean_tops_per_mm2"]
"""Averages over layers, which the model does not report."""


def evaluations(rng):
    """Recorded evaluations of the drawn designs, in the order of the full records."""
    rows = records.evaluations("full").drop(columns=NOT_COMPARED)
    design = ["study", "technology_nm", "order"]
    designs = rows.groupby(design, as_index=False)["area_mm2"].first()
    by_node = designs.groupby(["study", "technology_nm"])["area_mm2"]
    designs["third"] = by_node.transform(lambda area: pd.qcut(area, 3, labels=False))
    drawn = [
        stratum.sample(DESIGNS_PER_STRATUM[study], random_state=rng)
        for (study, _, _), stratum in designs.groupby(["study", "technology_nm", "third"])
    ]
    keys = pd.MultiIndex.from_frame(pd.concat(drawn)[design])
    return rows[pd.MultiIndex.from_frame(rows[design]).isin(keys)]


def breakdowns(rng):
    """Drawn single-layer runs, without the text of their loop nests."""
    strata = defaultdict(list)
    for run in records.breakdowns("full"):
        run.pop("loop_nest", None)
        strata[run["device"], run["maps"], run["workload"]].append(run)
    drawn = []
    for _, runs in sorted(strata.items()):
        number = int(np.ceil(SHARE_OF_RUNS * len(runs)))
        drawn += [runs[i] for i in sorted(rng.choice(len(runs), number, replace=False))]
    return drawn


def draw(folder):
    """Write both files of the golden set into a folder; the same bytes every time."""
    rng = np.random.default_rng(SEED)
    rows, runs = evaluations(rng), breakdowns(rng)
    texts = {
        "evaluations.csv.gz": rows.to_csv(index=False, lineterminator="\n"),
        "breakdown.jsonl.gz": "".join(json.dumps(run) + "\n" for run in runs),
    }
    for name, text in texts.items():
        # Neither date nor name in the archive, so that equal content is equal bytes.
        (folder / name).write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    draw(records.FOLDERS["golden"])
