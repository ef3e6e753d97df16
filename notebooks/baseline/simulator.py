# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Experiment: the simulator shown
#
# Draws pictures, measures what was set, and compares slices. Fits a CPU in any scale.

# %% tags=["parameters"]
scale = "full"
size = 256
patients = 60
likeness_size = 256
likeness_patients = 200
seed = 1
device = "cuda"
processes = None
into = None

# %%
from dlrrc_core.baseline import experiments

run = experiments.from_notebook("simulator", globals())
run.name, run.record.seconds

# %%
run.tables["likeness"]

# %%
run.tables["means"].groupby(["tissue", "phase"])[["set", "true_mean", "mean"]].mean()
