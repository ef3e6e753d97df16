# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Experiment: strong against weak supervision
#
# Trains a 3D network on cubes around the tumour, 2D networks on slices of the cubes, of the kidney's region and of the whole body, all on the same simulated
# patients, and stores their answers on new patients below `data/baseline/runs`. The chapter *Strong and weak supervision* reads them. On a computer
# with an NVIDIA GPU the defaults below are the full set; `dlrrc baseline run supervision --scale reduced` fits a CPU.

# %% tags=["parameters"]
scale = "full"
network = "resnet18"
size = 256
patients = 214
roi = "slice"
slices_per_patient = 25
epochs = 30
patience = 10
best_by = "loss"
batch = 24
optimiser = "adam"
learning_rate = 0.001
augmentation = "light"
variants_per_epoch = 15
precision = "float32"
compile = False
seeds = (1, 2, 3, 4, 5)
arms = ("strong", "box", "kidney", "weak")
shares = (0.25, 0.5, 1.0)
effects = (0.5, 1.0)
classes = ("clear cell", "chromophobe")
network_3d = "resnet18_3d"
crop = 32
angles = (30.0, 60.0, 90.0, 180.0)
standardise = True
valid = 0.2
new_patients = 400
device = "cuda"
processes = None
into = None

# %%
from dlrrc_core.baseline import experiments

run = experiments.from_notebook("supervision", globals())
run.name, run.record.seconds

# %% [markdown]
# ## Last round of each training

# %%
run.tables["curves"].groupby(["arm", "effect", "patients", "seed"]).tail(1)

# %% [markdown]
# ## Answers on the first patients

# %%
run.tables["cases"].head(10)
