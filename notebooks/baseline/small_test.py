# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Experiment: test sets of ten cases
#
# Trains several networks at several sizes of the difference between the classes, lets them answer many new simulated patients and stores the answers below
# `data/baseline/runs`. The chapter *Test sets of ten cases* draws small test sets from them. On a computer with an NVIDIA GPU the defaults below are the full
# set; `dlrrc baseline run small-test --scale reduced` fits a CPU.

# %% tags=["parameters"]
scale = "full"
network = "mobilenetv2"
size = 256
patients = 74
roi = "tumour"
slices_per_patient = 25
classes = ("clear cell", "papillary")
effects = (0.5, 0.75, 1.0)
valid = 0.1
cohort = 1
new_patients = 400
new_slices = 5
epochs = 30
patience = 10
best_by = "loss"
batch = 24
optimiser = "adam"
learning_rate = 0.005
augmentation = "15-fold"
variants_per_epoch = 15
precision = "float32"
compile = False
seeds = (1, 2, 3, 4, 5, 6)
device = "cuda"
processes = None
into = None

# %%
from dlrrc_core.baseline import experiments

run = experiments.from_notebook("small-test", globals())
run.name, run.record.seconds

# %% [markdown]
# ## Last round of each training

# %%
run.tables["curves"].groupby(["effect", "seed"]).tail(1)

# %% [markdown]
# ## Answers on the first patients

# %%
run.tables["cases"].head(10)
