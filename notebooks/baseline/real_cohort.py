# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Experiment: the public cohorts
#
# Reads the offline index of the NCI Imaging Data Commons and, where `data` names the folder of a cohort that `dlrrc cohort build` downloaded, trains and
# tests the recipe on it. Without images only the index is read: `dlrrc baseline run real-cohort`.

# %% tags=["parameters"]
scale = "full"
data = ""
unit = "patient"
network = "mobilenetv2"
size = 256
roi = "tumour"
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
draws = 2000
seeds = (1, 2, 3, 4, 5)
cohorts = ("tcga-kirp", "tcga-kich", "c4kc-kits")
device = "cuda"
processes = None
into = None

# %%
from dlrrc_core.baseline import experiments

run = experiments.from_notebook("real-cohort", globals())
run.name, run.record.seconds

# %%
run.tables["holdings"]

# %%
run.tables["patients"]

# %% [markdown]
# ## Training and test, where there are images

# %%
run.tables["cohort"]

# %%
run.tables["curves"]

# %%
run.tables["cases"]
