# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Experiment: split by image or by patient
#
# Trains the baseline on simulated patients under three ways of splitting and stores the answers below `data/baseline/runs`. The chapter *Leakage*
# reads them. On a computer with an NVIDIA GPU the defaults below are the full set; `dlrrc baseline run leakage --scale reduced` fits a CPU.

# %% tags=["parameters"]
scale = "full"
network = "mobilenetv2"
size = 256
patients = 74
slices_per_patient = 25
roi = "tumour"
new_patients = 200
effects = (0.0, 1.0)
conditions = ("image", "patient", "copies")
copies = 15
train = 0.7
valid = 0.1
epochs = 30
patience = 10
best_by = "accuracy"
batch = 24
optimiser = "adam"
learning_rate = 0.005
augmentation = "15-fold"
variants_per_epoch = 15
precision = "float32"
compile = False
seeds = (1, 2, 3, 4, 5)
device = "cuda"
processes = None
into = None

# %%
from dlrrc_core.baseline import experiments

run = experiments.from_notebook("leakage", globals())
run.name, run.record.seconds

# %% [markdown]
# ## Last round of each training

# %%
run.tables["curves"].groupby(["condition", "effect", "seed"]).tail(1)

# %% [markdown]
# ## Answers on the first patients

# %%
run.tables["cases"].head(10)
