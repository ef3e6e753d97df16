# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Ensemble: images and clinical variables

# %% tags=["parameters"]
run = "best"

# %%
from dlrrc_core.chapters import baseline_ensemble

chapter = baseline_ensemble.open_chapter(run)
n = chapter.n
chapter.notice()

# %% [markdown]
# A study of 2020 on MRI {cite}`xi2020` trained one ResNet per sequence on images with three sections of the lesion as red, green and blue, a logistic
# regression of age, sex and tumour volume, and a bagging classifier that combines the three answers. The same design runs here on simulated patients: two
# phases of simulated CT stand for the two sequences, two subtypes for benign and malignant, in the printed proportion. How much age and sex tell can be set,
# and tumour volume tells nothing by design, so what a combiner should find is known.
#
# ## What each part adds

# %%
chapter.parts_sentence()

# %%
chapter.clinical_sentence()

# %%
chapter.zero_table()

# %% [markdown]
# ## Which answers the combiner learns from

# %%
chapter.optimism_sentence()

# %%
chapter.optimism_table()

# %%
chapter.source_sentence()

# %%
chapter.combiner_sentence()

# %% [markdown]
# What the paper prints for its three sets, read from its record:

# %%
chapter.printed_table()

# %% [markdown]
# ## Do the probabilities mean what they say?

# %%
chapter.calibration_sentence()

# %%
chapter.reliability_figure()

# %%
chapter.calibration_table()

# %% [markdown]
# ## Every number

# %%
chapter.table()

# %% [markdown]
# ## What this does not show
#
# Phases of one CT are not sequences of MRI, and their noise and contrast are others. The paper's ImageNet weights, its five dense layers, its weighted loss
# and its choice of the best of a hundred trainings by validation accuracy are left out; the last alone would make the validation set more optimistic.
#
# ## Where the numbers come from

# %%
chapter.provenance()
