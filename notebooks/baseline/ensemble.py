# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Experiment: ensemble of images and clinical variables
#
# Trains one network per sequence, a logistic regression of clinical variables and what combines them, on simulated patients, and stores the answers
# of every model below `data/baseline/runs`. The chapter *Ensemble* reads them. On a computer with an NVIDIA GPU the defaults below are the full set;
# `dlrrc baseline run ensemble --scale reduced` fits a CPU.

# %% tags=["parameters"]
scale = "full"
network = "resnet50"
size = 128
patients = 1162
roi = "tumour"
epochs = 200
patience = 50
best_by = "accuracy"
batch = 16
optimiser = "adam"
learning_rate = 0.001
augmentation = "light"
variants_per_epoch = 15
precision = "float32"
compile = False
seeds = (1, 2, 3, 4, 5)
share = 655 / 1162
effect = 1.0
clinical_effects = (0.0, 0.5, 1.0)
phases = ("corticomedullary", "nephrographic")
planes = "orthogonal"
train = 0.7
valid = 0.2
trees = 100
new_patients = 1000
device = "cuda"
processes = None
into = None

# %%
from dlrrc_core.baseline import experiments

run = experiments.from_notebook("ensemble", globals())
run.name, run.record.seconds

# %% [markdown]
# ## Last round of each training

# %%
run.tables["curves"].groupby(["seed", "phase"]).tail(1)

# %% [markdown]
# ## Temperatures and Platt's lines

# %%
run.tables["recalibrations"].head(20)
