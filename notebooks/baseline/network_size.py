# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Experiment: number of parameters and accuracy
#
# Trains the six networks of the seed paper on the same simulated cohorts at two learning rates and stores the answers on new patients below
# `data/baseline/runs`. The chapter *Number of parameters and accuracy* reads them. On a computer with an NVIDIA GPU the defaults below are the full set;
# `dlrrc baseline run network-size --scale reduced` fits a CPU.

# %% tags=["parameters"]
scale = "full"
networks = ("resnet101", "resnet50", "resnet34", "efficientnet_b0", "mobilenetv2", "shufflenetv2")
learning_rates = (0.005, 0.001)
size = 256
patients = 74
roi = "tumour"
slices_per_patient = 25
classes = ("clear cell", "papillary")
effect = 1.0
valid = 0.1
new_patients = 400
new_slices = 5
epochs = 30
patience = 10
best_by = "loss"
batch = 24
optimiser = "adam"
augmentation = "15-fold"
variants_per_epoch = 15
precision = "float32"
compile = False
seeds = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
device = "cuda"
processes = None
into = None

# %%
from dlrrc_core.baseline import experiments

run = experiments.from_notebook("network-size", globals())
run.name, run.record.seconds

# %% [markdown]
# ## The trainings

# %%
run.tables["trainings"]

# %% [markdown]
# ## Answers on the first patients

# %%
run.tables["cases"].head(10)
