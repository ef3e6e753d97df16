# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Experiment: from one centre to another
#
# Trains networks on one, two and three simulated centres and on centres that go together with the class, and stores their answers on new patients of
# every centre. The chapter *From one centre to another* reads them. On a computer with an NVIDIA GPU the defaults below are the full set;
# `dlrrc baseline run domain-shift --scale reduced` fits a CPU.

# %% tags=["parameters"]
scale = "full"
network = "mobilenetv2"
size = 256
patients = 240
slices_per_patient = 10
roi = "tumour"
classes = ("clear cell", "papillary")
effect = 1.0
shifts = (0.25, 0.5, 0.75, 1.0)
effects = (0.0, 0.5)
confoundings = (0.0, 0.5, 0.9, 1.0)
valid = 0.15
new_patients = 200
new_slices = 10
epochs = 10
patience = 4
best_by = "loss"
batch = 24
optimiser = "adam"
learning_rate = 0.002
augmentation = "light"
variants_per_epoch = 5
precision = "bf16"
compile = False
seeds = (1, 2, 3, 4, 5)
device = "cuda"
processes = None
into = None

# %%
from dlrrc_core.baseline import experiments

run = experiments.from_notebook("domain-shift", globals())
run.name, run.record.seconds

# %% [markdown]
# ## Last round of each training

# %%
run.tables["curves"].groupby(["question", "training", "effect", "confounding", "seed"]).tail(1)

# %% [markdown]
# ## Answers on the first patients

# %%
run.tables["cases"].head(10)
