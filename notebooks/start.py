# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # The DLRRC living review
#
# How reproducible are deep-learning studies in radiology? This book scores published papers with DLRRC, a checklist for the reproducibility of
# deep-learning radiomics {cite}`zuo2023`, and keeps the scores open: every answer of every rater is on the page of its paper, with the evidence and the place
# where it was seen. Anybody can correct a record or add a paper, and all numbers are computed again.

# %% tags=["parameters"]
# this page has no parameters

# %%
from IPython.display import Markdown

from dlrrc_core import tables
from dlrrc_core.chapters import front

chapter = front.open_front()
n = chapter.n
tables.machine_notice()

# %% [markdown]
# ## Where the review stands

# %%
Markdown(f"""
{n("papers")} papers are recorded. {n("rated")} of them have been rated, by {n("ratings")} ratings; {n("human_ratings")} of these ratings come from a person.
{n("practice")} papers are kept for practice and count in no field.
""")

# %%
chapter.fields_table()

# %% [markdown]
# ## What a score means, and what it does not

# %%
Markdown(f"""
- The checklist has {n("items")} items in five parts and {n("total_points", "g")} points. Its authors call {n("acceptable_points", "g")} points
  *acceptable reproducibility*; that line is a convention, not a measurement.
- A score counts what a paper *reports*. It says nothing about whether the results are right, nor about the care of its authors.
- A paper with **nothing open** can still reach {n("most_without_openness", "g")} points, because closed code and data earn points when they are described. So open
  code, open data and open weights are shown beside every score.
- An answer that is missing or unclear is never counted as zero: the score then has an interval.
- Raters differ. Every score is shown per rater; a mean never stands alone.
""")

# %% [markdown]
# ## Four kinds of numbers
#
# **Published** numbers were printed by the seed review for its own set of papers; it never published the scores of single papers.
# **Our ratings** are the answers in this book. **Reconstructed** numbers are what the published averages imply ({doc}`/book/fields/rcc/reconstruction`).
# **Simulated** numbers come from our own experiments, in which no patient took part ({doc}`/book/baseline/recipe`). Each number carries its kind, and no page
# mixes them.
#
# ## How to read on
#
# 1. {doc}`/book/why`: why reproducibility matters here, and what the checklist adds.
# 2. {doc}`/book/checklist/part-1` and the four parts after it: what the items ask.
# 3. {doc}`/book/fields/rcc/overview`: the result for renal cell carcinoma.
# 4. {doc}`/book/fields/rcc/papers`: the papers, one page each.
# 5. {doc}`/book/baseline/leakage`: what one choice of method can do to an accuracy, measured; more such chapters follow it.
#
# ## Practice set

# %%
chapter.practice_list()

# %% [markdown]
# ## How to cite
#
# Cite the checklist and its review {cite}`zuo2023`, and this book as: *The DLRRC living review*, with the version of the repository (file
# `CITATION.cff`). Cite a single entry by the address of its page and that version.
