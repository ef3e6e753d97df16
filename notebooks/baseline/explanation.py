# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Experiment: where heat maps point
#
# Trains networks that can learn a difference between the classes, networks that can only learn the patients and networks that can only learn the scanner,
# and measures where their heat maps point. The chapter *Where heat maps point* reads the stored run.

# %% tags=["parameters"]
scale = "full"
network = "mobilenetv2"
size = 256
patients = 300
slices_per_patient = 10
epochs = 12
leaked_patients = 74
leaked_slices = 25
leaked_epochs = 30
roi = "tumour"
classes = ("clear cell", "papillary")
confounding = 0.95
layers = ("features.6", "features.13", "last")
train = 0.8
valid = 0.1
new_patients = 200
new_slices = 5
shuffles = 36
patience = 10
best_by = "loss"
batch = 24
optimiser = "adam"
learning_rate = 0.002
augmentation = "light"
variants_per_epoch = 15
precision = "bf16"
compile = False
seeds = (1, 2, 3, 4, 5)
device = "cuda"
processes = None
into = None

# %%
from dlrrc_core.baseline import experiments

run = experiments.from_notebook("explanation", globals())
run.name, run.record.seconds

# %% [markdown]
# ## Last round of each training

# %%
run.tables["curves"].groupby(["condition", "seed"]).tail(1)

# %% [markdown]
# ## Means over slices

# %%
run.tables["maps"].groupby(["condition", "layer", "set"])[["hit", "chance", "mass", "area", "middle"]].mean()
