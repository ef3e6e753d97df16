# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # {{short_title}}: overview

# %% tags=["parameters"]
field = "rcc"
basis = "best"

# %%
from IPython.display import Markdown

from dlrrc_core import tables
from dlrrc_core.chapters import overview, overview_figures, overview_tables

chapter = overview.open_chapter(field, basis)
n = chapter.n
chapter.machine_notice()

# %%
Markdown(f"""
The field holds {n("papers")} papers from {n("years.0")} to {n("years.1")}; {n("rated")} of them are rated so far, by {n("ratings")} ratings.
{n("unrated")} papers wait for a rating. The average score is **{n("groups.mean.total.mean", ".1f")} of 100 points**
(95 % interval {n.interval("groups.mean.total.ci", ".1f")}, {n("groups.mean.total.n")} papers, mean of the raters of each paper).
""")

# %%
Markdown(chapter.seed_sentence())

# %% [markdown]
# ## Score and journal

# %%
overview_figures.journal(chapter)

# %%
Markdown(chapter.missing_sentence())

# %% [markdown]
# ## Score by year

# %%
overview_figures.year(chapter)

# %% [markdown]
# ## Correlations
#
# Pearson correlations over complete pairs, and first-order partial correlations with n − 3 degrees of freedom. Each row says how many
# papers it rests on and how many were left out because a value is not known. With few papers the intervals are wide, and a P value says little.

# %%
overview_tables.correlation_table(chapter)

# %% [markdown]
# ## Points by part

# %%
overview_figures.parts(chapter)

# %% [markdown]
# ## Points by item

# %%
overview_figures.items(chapter)

# %% [markdown]
# ## Papers at or above the lines
#
# A score at the line says nothing about open code, data or weights: the items on code and data give most of their points
# to papers that describe what they do not share. So openness is counted apart.

# %%
overview_tables.share_table(chapter)

# %% [markdown]
# ## Published numbers

# %%
chapter.published_section()

# %%
overview_tables.p_value_table(chapter)

# %% [markdown]
# ## Download

# %%
tables.downloads(field)
