# %% [markdown]
# # Ask and tell
#
# A search that evaluates nothing itself: it asks for designs, and you tell it what they cost, from
# a simulator, a queue of jobs or a measurement. Run it as a script, or cell by cell in an editor
# that knows `# %%`.

# %%
import tempfile
from pathlib import Path

import numpy as np

from imcmoo import AcceleratorProblem, Search, WorkloadSet, reference_model, run_search
from problems import RRAM

# %% [markdown]
# The problem says what is searched and compared. Here its model could evaluate designs, too; the
# search only asks it what a design lacks, which needs no evaluation.

# %%
model = reference_model(RRAM, WorkloadSet.load(["resnet18", "alexnet"]))
problem = AcceleratorProblem(model, area_limit_m2=300e-6)


def new_search() -> Search:
    """The search from its beginning."""
    return Search(problem, budget=400, rng=np.random.default_rng(1))


# %% [markdown]
# A generation at a time: `ask` gives rows of levels, which `decode` turns into physical values in
# SI units, and `tell` takes their metrics.

# %%
search = new_search()
levels = search.ask()
print(f"{len(levels)} designs to evaluate")
print({name: values[0].item() for name, values in RRAM.decode(levels).items()})
row = search.tell(model.evaluate(levels))
print(f"generation {row.generation}: {row.front} on the front, best {row.best:.3g}")

# %% [markdown]
# It can be left at any time, also with designs that were asked for and not told of: whoever loads
# the file is asked for these again.

# %%
with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "search.npz"
    asked = search.ask()
    search.save(file)
    search = new_search()
    search.load(file)
print(f"asked for the same designs again: {np.array_equal(search.ask(), asked)}")

# %% [markdown]
# To the end: no design is left when the budget is spent.

# %%
while len(levels := search.ask()):
    row = search.tell(model.evaluate(levels))
    print(f"{row.phase}: {row.evaluations} evaluated, best {row.best:.4g}")

# %% [markdown]
# `run_search` is this loop, so its designs are the same.

# %%
whole = run_search(problem, budget=400, rng=np.random.default_rng(1))
same = np.array_equal(whole.archive.levels, search.archive.levels)
print(f"the same designs as the loop: {same}")
