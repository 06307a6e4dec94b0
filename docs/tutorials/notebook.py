# %% [markdown]
# # A study in a notebook
#
# From a study file to figures: read or make a study, run it, look at the design, ask why it is
# good, and prove how good. Runs, explanations, pages, exact answers and certificates have the names
# and files of the command line. Nothing is printed that you do not print.

# %%
from pathlib import Path
from tempfile import mkdtemp

import matplotlib.pyplot as plt

from imcmoo import Network, Run, Study

folder = Path(mkdtemp())

# %% [markdown]
# A study file is TOML ([all keys](../own_study.md)). This one asks for one RRAM chip for two
# networks, the first with three times the weight in the mean EDAP; three parameters have one value
# each, so that the page takes seconds. `study.space` has the values of all parameters.

# %%
(folder / "camera.toml").write_text("""
name = "camera"
device = "rram"
area_limit_mm2 = 400
criterion = "edap_mean"

[space]
rows = 128
cols = 128
voltage_V = 0.5

[[networks]]
source = "resnet18"
weight = 3

[[networks]]
source = "mobilenet_v3"
""")
study = Study.load(folder / "camera.toml")
print(study)
print(study.space.values_of("router_groups"))

# %% [markdown]
# In Python the keys of the file are keywords. A network with settings of its own is a `Network`.
# `to_toml` writes the file, and `replace` returns a copy with other values of some keys. A wrong
# value is an error that names the key and what is allowed: a `ValueError` in Python, an
# `imcmoo.InputError` in a file.

# %%
same = Study(
    name="camera",
    device="rram",
    area_limit_mm2=400,
    criterion="edap_mean",
    space={"rows": 128, "cols": 128, "voltage_V": 0.5},
    networks=[Network(source="resnet18", weight=3), "mobilenet_v3"],
)
print(same.to_config() == study.to_config())
print(same.replace(area_limit_mm2=200).to_toml())

# %% [markdown]
# `run` searches for a chip for both networks and for each network alone, and writes the files of
# `imcmoo run` to `results/camera/seed-1`. `progress` is called after each generation. The same
# study and seed give the same files.

# %%
generations = []
run = study.run(
    budget=300,
    seed=1,
    out=folder / "results",
    progress=lambda search, state: generations.append(search),
)
print(f"{len(generations)} generations of {', '.join(dict.fromkeys(generations))}")
print("written to", run.folder.relative_to(folder))

# %% [markdown]
# The selected design and the Pareto front are DataFrames. Units stand in the names of columns, and
# [every column is described](../files.md). Here is the front, with the selected design:

# %%
columns = ["area_mm2", "energy_resnet18_J", "energy_mobilenet_v3_J"]
print(run.design[columns].T.to_string(header=False))
figure, axes = plt.subplots(figsize=(5, 3.2), layout="constrained")
axes.loglog(run.front["area_mm2"], 1e3 * run.front["energy_resnet18_J"], ".", label="front")
axes.loglog(run.design["area_mm2"], 1e3 * run.design["energy_resnet18_J"], "*", label="selected")
axes.set_xlabel("area (mm²)")
axes.set_ylabel("energy of ResNet18 (mJ)")
axes.legend(frameon=False)

# %% [markdown]
# `explain` gives the energy of each component and layer, the limits, and what every step to a
# neighbouring design would change, as tables. `report` writes everything as one HTML page.

# %%
why = run.explain()
print(why.tables["components"].nlargest(3, "energy_J").to_string(index=False))
page = run.report(folder / "camera.html")
print(f"{page.name}: {page.stat().st_size // 1000} kB")

# %% [markdown]
# How far is the design from the best there is? `enumerate` evaluates every design of a small space.
# A later run with the same `out` has its regret against these optima: a share of 0.01 is 1 % more
# than the optimum.

# %%
exact = study.enumerate(out=folder / "results")
print(exact)
run = study.run(budget=300, seed=1, out=folder / "results")
print(run.regret.set_index("criterion")[["optimum", "selected", "regret_selected"]])

# %% [markdown]
# `certify` proves the best design of a large space by branch and bound.

# %%
proven = study.certify("edap_mean", out=folder / "results")
print(proven["edap_mean"])

# %% [markdown]
# Which device is better? Make one study for each, with a name of its own. Compare EDAP, not regret:
# the regret of a design is against the optimum of its own device.

# %%
for device in ("rram", "sram"):
    one = Study(
        name=f"camera_{device}",
        device=device,
        area_limit_mm2=400,
        criterion="edap_mean",
        baselines=False,
        space={"rows": 128, "cols": 128, "voltage_V": 0.5},
        networks=study.networks,
    )
    finished = one.run(budget=200, out=folder / "results")
    print(f"{device}: mean EDAP {finished.design['score'].iloc[0]:.3g} J·s·mm²")

# %% [markdown]
# A run that a command or another notebook has written is read from its folder. Its study is found
# by name, or given if it was a file.

# %%
again = Run(folder / "results" / "camera" / "seed-1", study)
print(again.design["cycle_s"].iloc[0] == run.design["cycle_s"].iloc[0])
