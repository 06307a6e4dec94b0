# %% [markdown]
# # First steps in Python
#
# One SRAM chip for two networks: define a study, cost designs, search, and measure the distance
# from the exact optimum. Run this page as a script, or cell by cell in VS Code or Spyder.

# %%
import matplotlib.pyplot as plt
import numpy as np

from imcmoo import Enumeration, ExactRegret, Study, run_search
from imcmoo.study.spaces import spaces

# %% [markdown]
# A study has a space, networks, limits and a cost model. Here five parameters of the shipped SRAM
# space are fixed, to keep the example short. Areas are in m² (SI).

# %%
space = spaces()["sram_physical"]
fixed = {"voltage_V": 1.0, "rows": 128, "cols": 128, "dram": "hbm2", "ping_pong": 0}
for parameter, value in fixed.items():
    space = space.fix(parameter, value)
networks = ("resnet18_onnx", "mobilenet_v3_onnx")
study = Study(
    name="first_steps", space=space, networks=networks, area_limit_mm2=100, model="physical"
)
print(f"{space.size:,} designs")

# %% [markdown]
# A design is a row of value indices, one per parameter. The cost model evaluates many rows at
# once. A network that does not keep the limits of the circuits has no energy, and `missing_`
# columns say by how much.

# %%
model = study.cost_model()
designs = space.random(3, np.random.default_rng(5))
table = model.evaluate(designs).to_frame(model.quantities, model.workload_names)
shown = ["workload", "runs", "energy_J", "latency_s", "area_mm2", "missing_snr"]
print(table[shown].round(7))

# %% [markdown]
# The search minimises energy and latency of each network and the chip's area. The generator
# decides every random choice, so the result repeats exactly.

# %%
problem = study.problem(model)
result = run_search(problem, budget=300, rng=np.random.default_rng(1))
archive = result.archive
front = archive.front
print(f"{len(archive)} designs evaluated, {len(front)} on the Pareto front")

# %% [markdown]
# EDAP (energy × delay × area) of both networks: a chip that is good for one is not the best for
# the other.

# %%
edap = problem.costs(archive.F[archive.feasible]).edap
edap_front = problem.costs(archive.F[front]).edap
figure, axes = plt.subplots(figsize=(5, 3.2), layout="constrained")
axes.loglog(*edap.T, ".", color="0.7", label="evaluated")
axes.loglog(*edap_front.T, ".", color="tab:blue", label="Pareto front")
axes.set_xlabel("EDAP of ResNet18 (J·s·mm²)")
axes.set_ylabel("EDAP of MobileNetV3 (J·s·mm²)")
axes.legend(frameon=False)

# %% [markdown]
# How good is the search? This space can be enumerated, which gives the exact optimum of every
# criterion.

# %%
answer = Enumeration(problem).answer()
print(f"{answer.n_feasible:,} of {space.size:,} designs are feasible")
regrets = ExactRegret(problem, answer).regrets(archive.F[archive.feasible])
for name, regret in regrets.items():
    print(f"{name}: {100 * regret.min():.2f} % above the exact optimum")
