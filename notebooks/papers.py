# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # {{short_title}}: papers
#
# Every paper of the field in one table. Sort by a column, or filter; each name leads to the page of the paper, with every item, the answer of every
# rater, the evidence and its place. *Seed review* marks the papers that the printed review scored. Papers without a rating have no points.

# %% tags=["parameters"]
field = "rcc"
basis = "best"

# %%
from dlrrc_core import tables
from dlrrc_core.chapters import papers

tables.machine_notice()

# %%
papers.papers_table(field, basis)

# %% [markdown]
# A dash means that nothing is known. The interval spans what all ratings of a paper allow. Open code, data and weights are facts of their
# own, because items 29 and 30 give points for describing what is not shared.
