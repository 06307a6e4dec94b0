# %% [markdown]
# # Write a cost model
#
# A cost model is a class that declares its quantities and resources and evaluates whole batches of
# designs. Search, selection, enumeration and reports then work as with the built-in models. This
# one has arrays that share a memory. For slow simulators and for studies as files, see [use your
# own cost model](../own_cost_model.md).

# %%
import matplotlib.pyplot as plt
import numpy as np

from imcmoo import (
    AcceleratorProblem,
    CostModel,
    Criterion,
    DesignSpace,
    Metrics,
    Ordinal,
    Quantity,
    Resource,
    WorkloadSet,
    run_search,
)

# %% [markdown]
# The space: every parameter has a name with its unit, and a list of values.

# %%
SPACE = DesignSpace(
    "arrays",
    (
        Ordinal("side", (64, 128, 256, 512)),
        Ordinal("arrays", (16, 64, 256, 1024, 4096)),
        Ordinal("clock_Hz", (1e8, 2e8, 4e8, 8e8)),
        Ordinal("memory_B_per_s", (1e10, 4e10, 16e10, 64e10)),
    ),
)

# %% [markdown]
# The model: arrays in, arrays out. Rows are designs, columns are networks. A `Quantity` has a
# unit, and is per network or per chip; `sense="max"` means that more is better. A `Resource` has
# the chip's capacity and each network's shortfall. A network with a shortfall does not run, and
# its quantities are NaN. Units are SI.


# %%
class Arrays(CostModel):
    """Time is the longer of computing and fetching weights."""

    quantities = (
        Quantity("latency", "s"),
        Quantity("efficiency", "per_J", sense="max"),
        Quantity("area", "m2", per_workload=False),
    )
    resource_names = ("power",)

    def __init__(self, space, workloads, **options):
        self.space = space
        self.workload_names = workloads.names
        self.macs, self.weights = workloads.macs, workloads.weights

    def evaluate(self, levels):
        self.space.validate(levels)
        d = {name: v[:, None] for name, v in self.space.decode(levels).items()}
        cells = d["side"] ** 2 * d["arrays"]
        compute = self.macs / (1e-3 * cells * d["clock_Hz"])
        fetch = self.weights / d["memory_B_per_s"]
        latency = np.maximum(compute, fetch)
        energy = 5e-14 * self.macs + 2e-11 * self.weights + 3e-7 * cells * latency
        power = energy / latency
        limit_W = 20.0
        missing = np.maximum(0.0, power - limit_W)
        runs = np.where(missing > 0, np.nan, 1.0)
        return Metrics(
            {
                "latency": latency * runs,
                "efficiency": runs / energy,
                "area": (cells * 4e-13 + d["arrays"] * d["side"] * 1e-9)[:, 0],
            },
            {"power": Resource(np.full(len(levels), limit_W), missing)},
        )


# %% [markdown]
# A criterion gives each design one score; smaller is better. It gets the costs by name, areas in
# mm².

# %%
FIGURE = Criterion(
    "figure_of_merit",
    lambda costs: (costs["latency"] / costs["efficiency"]).max(axis=1) * costs["area"],
    needs=("latency", "efficiency", "area"),
)

model = Arrays(SPACE, WorkloadSet.load(["resnet18", "mobilenet_v3"]))
problem = AcceleratorProblem(model, area_limit_m2=400e-6)
result = run_search(problem, budget=150, rng=np.random.default_rng(1))
archive = result.archive
front = archive.front
print(f"{len(archive)} of {SPACE.size} designs evaluated, {len(front)} on the front")

# %% [markdown]
# The Pareto front: a larger chip is faster, until the memory is the bottleneck.

# %%
values = model.evaluate(archive.levels[front]).values
latency, area = values["latency"], values["area"]
figure, axes = plt.subplots(figsize=(5, 3.2), layout="constrained")
for name, column in zip(model.workload_names, latency.T, strict=True):
    axes.loglog(1e6 * area, 1e3 * column, ".", label=name)
axes.set_xlabel("area (mm²)")
axes.set_ylabel("latency (ms)")
axes.legend(frameon=False)

# %% [markdown]
# The best of the front, by that criterion:

# %%
scores = FIGURE.scores(problem.costs(archive.F[front]), None)
best = archive.levels[front][[np.argmin(scores)]]
for name, value in SPACE.decode(best).items():
    print(f"{name} = {value[0]:g}")
table = model.evaluate(best).to_frame(model.quantities, model.workload_names)
print(table.to_string(index=False))

# %% [markdown]
# A package can offer `Study(name="mine", space=SPACE, networks=["resnet18", "mobilenet_v3"],
# area_limit_mm2=400, model="my_package.arrays:Arrays", criterion="my_package.arrays:FIGURE")` as
# an entry point `imcmoo.studies`. Then `imcmoo run mine`, `imcmoo enumerate mine` and `imcmoo
# report` accept it. A model may also report energy by component and layer (`breakdown`), screen
# designs for free (`screen`), or share work between designs (`mapping_parameters`); see [cost
# models in Python](../api_models.md).
