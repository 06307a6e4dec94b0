# %% [markdown]
# # First steps
#
# One chip for two networks: cost designs, search for good ones, and learn how far the best found is
# from the best there is. Run it as a script, or cell by cell in an editor that knows `# %%`.

# %%
import numpy as np

from imcmoo import (
    AcceleratorProblem,
    Enumeration,
    ExactRegret,
    WorkloadSet,
    reference_model,
    run_search,
)
from problems import RRAM

# %% [markdown]
# A cost model is bound to a space and to networks. Designs are rows of levels; `encode` makes them
# of physical values in SI units.

# %%
model = reference_model(RRAM, WorkloadSet.load(["resnet18", "alexnet"]))
levels = RRAM.encode(
    {
        "voltage_V": [0.5, 0.7],
        "bits_per_cell": [8, 2],
        "cycle_s": [1e-9, 1e-9],
        "rows": [512, 256],
        "cols": [64, 64],
        "router_groups": [8, 8],
        "tiles_per_group": [16, 16],
        "macros_per_tile": [64, 64],
        "glb_depth": [4096, 4096],
    }
)
metrics = model.evaluate(levels)
table = metrics.to_frame(model.quantities, model.workload_names)
print(table.to_string(index=False))

# %% [markdown]
# The second chip lacks cells for AlexNet; `missing_cells` says how many. A search is about a
# problem: the model, and what a chip may take. Everything is drawn from one generator, so it
# repeats exactly.

# %%
problem = AcceleratorProblem(model, area_limit_m2=300e-6)
result = run_search(problem, budget=400, rng=np.random.default_rng(1))
front = result.archive.front()
print(f"{len(result.archive.levels)} designs evaluated, {len(front)} on the front")

# %% [markdown]
# How good is that? This space can be enumerated, here with two parameters fixed to keep it short.

# %%
small = RRAM.fix("bits_per_cell", 8).fix("cycle_s", 1e-9)
problem = AcceleratorProblem(
    reference_model(small, WorkloadSet.load(["resnet18", "alexnet"])), area_limit_m2=300e-6
)
enumeration = Enumeration(problem)
answer = enumeration.merge([enumeration.evaluate_chunk(part) for part in enumeration.chunks()])
print(f"{answer.n_feasible:,} of {small.size:,} designs are feasible")

# %%
result = run_search(problem, budget=400, rng=np.random.default_rng(1))
feasible = result.archive.F[result.archive.feasible]
for name, regret in ExactRegret(problem, answer).regrets(feasible).items():
    print(f"{name}: {100 * regret.min():.2f} % above the exact optimum")
