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

from imcmoo import AcceleratorProblem, Search, WorkloadSet, reference_model, run_search
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
    print(f"{row.phase}: {row.evaluations} evaluated, best {row.best:.4g}")

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
