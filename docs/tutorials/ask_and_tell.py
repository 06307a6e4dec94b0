# %% [markdown]
# # Ask and tell
#
# The search proposes designs, and you report their costs, from a simulator, a queue of jobs or a
# measurement. Run this page as a script, or cell by cell in VS Code or Spyder.

# %%
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from imcmoo import (
    AcceleratorProblem,
    Metrics,
    Resource,
    Search,
    WorkloadSet,
    reference_model,
    run_search,
)
from imcmoo.study.spaces import spaces

# %% [markdown]
# The problem defines objectives and constraints. Here its model could evaluate designs, too; the
# search uses it only to compute constraint violations, which needs no evaluation.

# %%
RRAM = spaces()["rram"]
model = reference_model(RRAM, WorkloadSet.load(["resnet18", "alexnet"]))
problem = AcceleratorProblem(model, area_limit_m2=300e-6)


def new_search() -> Search:
    """Start the search."""
    return Search(problem, budget=400, rng=np.random.default_rng(1))


# %% [markdown]
# One generation: `ask` returns rows of value indices, `decode` turns them into physical values in
# SI units, and `tell` takes their metrics.

# %%
search = new_search()
levels = search.ask()
print(f"{len(levels)} designs to evaluate")
for name, values in RRAM.decode(levels).items():
    print(f"  {name}: {values[0]}")
row = search.tell(model.evaluate(levels))
print(f"generation {row.generation}: {row.front} on the front, best {row.best:.3g}")

# %% [markdown]
# You can stop and resume at any time, even between `ask` and `tell`: after loading, `ask` returns
# the same designs again.

# %%
with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "search.npz"
    asked = search.ask()
    search.save(file)
    search = new_search()
    search.load(file)
print(f"asked for the same designs again: {np.array_equal(search.ask(), asked)}")

# %% [markdown]
# To the end: `ask` returns no design when the budget is spent.

# %%
rows = []
while len(levels := search.ask()):
    row = search.tell(model.evaluate(levels))
    rows.append(row)
    print(f"generation {row.generation}: {row.evaluations} evaluated, best {row.best:.4g}")

# %%
figure, axes = plt.subplots(figsize=(5, 3), layout="constrained")
axes.plot([r.evaluations for r in rows], [r.best for r in rows], ".-")
axes.set_xlabel("designs evaluated")
axes.set_ylabel("best score")

# %% [markdown]
# `run_search` is this loop, so its designs are the same.

# %%
whole = run_search(problem, budget=400, rng=np.random.default_rng(1))
same = np.array_equal(whole.archive.levels, search.archive.levels)
print(f"the same designs as the loop: {same}")

# %% [markdown]
# Costs of your own are `Metrics`: energy and latency of each of the W networks, shape (n, W), the
# area, shape (n,), and, by name, each of `model.resource_names`. A `Resource` says how much of it a
# chip has and how much each network lacks: nothing, if all designs run. Units are SI.


# %%
def my_costs(levels: np.ndarray) -> Metrics:
    """Evaluate designs with a formula that stands for a simulator or a measurement."""
    chip = {name: values[:, None] for name, values in RRAM.decode(levels).items()}
    macros = chip["router_groups"] * chip["tiles_per_group"] * chip["macros_per_tile"]
    cells = macros * chip["rows"] * chip["cols"]  # (n, 1); of the networks, (W,)
    costs = {
        "energy": 1e-13 * chip["voltage_V"] ** 2 * model.macs,
        "latency": 8 * chip["cycle_s"] * model.macs / cells,
        "area": 1e-13 * cells[:, 0],
    }
    nothing = Resource(own=np.ones(len(levels)), missing=np.zeros((len(levels), len(model.macs))))
    return Metrics(costs, dict.fromkeys(model.resource_names, nothing))


search = new_search()
while len(levels := search.ask()):
    search.tell(my_costs(levels))
front = search.archive.levels[search.archive.front]
print(f"{len(front)} designs on the front, such as {RRAM.decode(front[:1])}")

# %% [markdown]
# If you have objectives and constraints instead, such as from a problem of pymoo, use `tell(F, G)`.

# %%
search = new_search()
while len(levels := search.ask()):
    F, G = problem.evaluate(levels)
    search.tell(F, G)
same = np.array_equal(whole.archive.levels, search.archive.levels)
print(f"the same designs from objectives and constraints: {same}")
