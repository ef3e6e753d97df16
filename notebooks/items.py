# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # {{short_title}}: items
#
# How many papers reach all points of an item. For items with more than two options a partial answer is no pass here; the overview shows average
# percentages of points. With few papers an interval is wide: read it before the percentage.

# %% tags=["parameters"]
field = "rcc"
basis = "best"

# %%
from dlrrc_core import tables
from dlrrc_core.chapters import items

chapter = items.open_chapter(field, basis)
tables.machine_notice()

# %% [markdown]
# ## Pass rate per item

# %%
chapter.pass_figure()

# %% [markdown]
# ## By year
#
# Counts of ratings, so a paper with two raters counts twice.

# %%
chapter.by("year")

# %% [markdown]
# ## By task

# %%
chapter.by("task")
