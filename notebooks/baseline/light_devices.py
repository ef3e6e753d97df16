# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Experiment: networks on light devices
#
# Exports the networks of the seed paper to ONNX, times them image by image, and compares a trained network with its files in float32 and eight bits. The
# chapter *Light devices* reads the stored run. Times are only worth something on a machine that does nothing else, so the jobs run one after the other.

# %% tags=["parameters"]
scale = "full"
networks = ("shufflenetv2", "mobilenetv2", "efficientnet_b0", "resnet34", "resnet50", "resnet101")
sizes = (256, 128)
repeats = 50
threads = 1
network = "mobilenetv2"
size = 256
patients = 74
slices_per_patient = 25
roi = "tumour"
classes = ("clear cell", "papillary")
effect = 1.0
valid = 0.1
new_patients = 200
calibration = 100
epochs = 30
patience = 10
best_by = "loss"
batch = 24
optimiser = "adam"
learning_rate = 0.005
augmentation = "15-fold"
variants_per_epoch = 15
precision = "bf16"
compile = False
seeds = (1, 2, 3, 4, 5)
device = "cuda"
processes = 1
into = None

# %%
from dlrrc_core.baseline import experiments

run = experiments.from_notebook("light-devices", globals())
run.name, run.record.seconds

# %% [markdown]
# ## Times

# %%
run.tables["latency"][["network", "size", "runtime", "precision", "median_ms", "memory_peak_mib"]]

# %% [markdown]
# ## Agreement of the files

# %%
run.tables["agreement"]
