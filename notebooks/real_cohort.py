# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # The public cohorts

# %% tags=["parameters"]
run = "best"

# %%
from dlrrc_core.chapters import baseline_real_cohort

chapter = baseline_real_cohort.open_chapter(run)
n = chapter.n
chapter.notice()

# %% [markdown]
# What a simulator shows has to be looked for in patients as well. Three public collections come near to the task; anyone may download them.

# %%
chapter.holdings_table()

# %%
chapter.power_sentence()

# %% [markdown]
# One series is chosen for each patient: among the axial soft-tissue series those with a segmentation first, then arterial before later phases, then the
# one with the most images. The words of the series description decide about phase and orientation, because the offline index holds nothing else; the
# reader of the images refuses what turns out not to be axial.
#
# ## Patients

# %%
chapter.patients_table()

# %% [markdown]
# ## The recipe on these patients

# %%
chapter.results()

# %% [markdown]
# ## Where the numbers come from

# %%
chapter.provenance()
