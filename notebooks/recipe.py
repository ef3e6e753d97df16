# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # The baseline, rebuilt

# %% tags=["parameters"]
run = "best"

# %%
from dlrrc_core.chapters import baseline_recipe

chapter = baseline_recipe.open_chapter(run)
n = chapter.n
chapter.notice()

# %% [markdown]
# {cite}`zuo2021` trained six networks to tell papillary from chromophobe carcinoma on CT. Their images, code and weights are not public, so the study cannot
# be run again as it was. What can be run again is its recipe, in so far as it is printed, on simulated patients whose truth is known. The chapters that
# follow use it to measure what single choices of such a study do to its numbers. They say nothing about the patients of that study.
#
# ## All stored runs

# %%
chapter.runs_table()

# %% [markdown]
# ## The recipe on simulated patients
#
# The simulated classes differ by published mean corticomedullary enhancement and by assumed spreads, textures and features; most of what a network could
# use is assumed. How well a network could do on them is a property of the simulator, so the printed numbers and ours are not to be compared.

# %%
chapter.departures_sentence()

# %%
chapter.accuracy_sentence()

# %%
chapter.accuracy_table()

# %%
chapter.printed_table()

# %%
chapter.curves_figure()

# %%
chapter.workload_sentence()

# %% [markdown]
# ## Every metric

# %%
chapter.metrics_table()

# %%
chapter.calibration_figure()

# %%
chapter.calibration_sentence()

# %% [markdown]
# ## Would our own run pass the checklist?

# %%
chapter.checklist_sentence()

# %%
chapter.checklist_table()

# %% [markdown]
# ## Where the numbers come from

# %%
chapter.provenance()
