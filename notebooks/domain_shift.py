# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # From one centre to another

# %% tags=["parameters"]
run = "best"

# %%
from dlrrc_core.chapters import baseline_domain_shift

chapter = baseline_domain_shift.open_chapter(run)
n = chapter.n
chapter.notice()

# %% [markdown]
# Scanners differ in kernel, noise, slice thickness, tube voltage and calibration. A network that learned from one of them meets others later. In patients
# that can be scanned as often as one likes, what this does can be measured patient by patient.

# %%
chapter.design_sentence()

# %% [markdown]
# ## Another scanner

# %%
chapter.shift_sentence()

# %%
chapter.shift_figure()

# %%
chapter.confidence_sentence()

# %% [markdown]
# ## What might help
#
# More centres in the training, and augmentation: the recipe's fifteen variants, or copies with other noise, blur, contrast and offset. The ranges of the
# last were chosen with the simulated scanners in mind, which no real study can do.

# %%
chapter.remedy_sentence()

# %%
chapter.remedy_figure()

# %% [markdown]
# ## When class and centre go together
#
# Patients with one diagnosis may come mostly from one hospital, with the other from another one. Then the scanner tells the class, whether the tumour does
# or not. An internal test set, drawn from the same patients, cannot show it.

# %%
chapter.confounding_sentence()

# %%
chapter.confounding_figure()

# %%
chapter.sure_sentence()

# %%
chapter.fair_sentence()

# %% [markdown]
# ## What a reader can look for
#
# Whether a paper says how many patients of each class came from each centre, whether a test set comes from a centre that the training did not see, and
# whether calibration was looked at there. How large a loss is depends on scanners and task; the sizes on this page are those of the simulator.
#
# ## Where the numbers come from

# %%
chapter.provenance()
