# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Experiment: the recipe of Zuo et al. (2021)
#
# Cohort, split, training, test, run record. `data` is `phantom` or the folder of a cohort that `dlrrc cohort build` made; for such a folder leave a part
# for testing, for instance `train = 0.7`, `valid = 0.1`. The defaults are the full set for a computer with an NVIDIA GPU;
# `dlrrc baseline run recipe --scale reduced` fits a CPU.

# %% tags=["parameters"]
scale = "full"
data = "phantom"
unit = "patient"
network = "mobilenetv2"
size = 256
patients = 74
slices_per_patient = 25
roi = "tumour"
effect = 1.0
new_patients = 200
train = 0.9
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
draws = 2000
seeds = (1, 2, 3, 4, 5)
device = "cuda"
processes = None
into = None

# %%
from dlrrc_core.baseline import experiments

run = experiments.from_notebook("recipe", globals())
run.name, run.record.seconds

# %%
run.tables["cohort"]

# %% [markdown]
# ## Learning curves

# %%
run.tables["curves"]

# %% [markdown]
# ## What the checklist says to the run record

# %%
run.tables["checklist"]
