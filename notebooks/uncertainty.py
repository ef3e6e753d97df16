# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # {{short_title}}: how sure is this?

# %% tags=["parameters"]
field = "rcc"
basis = "best"
draws = 2000
permutations = 10000
seed = 1

# %%
from dlrrc_core import tables
from dlrrc_core.chapters import uncertainty

chapter = uncertainty.open_chapter(field, basis, draws, permutations, seed)
n = chapter.n
tables.machine_notice()

# %%
chapter.sample_sentence()

# %% [markdown]
# ## Correlations
#
# Two intervals and two P values for each: Fisher's interval and the t test assume normal scores, the bootstrap over papers (BCa) and the permutation
# test do not. Where they differ much, trust none of them.

# %%
chapter.interval_table()

# %% [markdown]
# Spearman and Kendall use ranks only. The Theil-Sen slope is the median change in points per year, or per percentile. *Without rater noise* divides r
# by the square root of the reliability of the totals (Spearman's correction; ICC(C,1) for one rater, ICC(C,k) for the mean); *largest r possible* is what
# scores of this reliability could reach at most. The last columns leave out one paper at a time.

# %%
chapter.robust_table()

# %% [markdown]
# ## What would be needed

# %%
chapter.published_sentence()

# %%
chapter.sample_table()

# %% [markdown]
# ## Trends of single items

# %%
chapter.trend_sentence()

# %%
chapter.trend_table()

# %% [markdown]
# ## Would the scores stay?
#
# Three ways of shaking them. *Other rater*: every answer is taken from one of the paper's raters, chosen by chance. *Open answers*: every answer that a rater
# gave with low confidence may be anything; the range is exact. *Other weights*: the points of the items vary around the published ones (Dirichlet).

# %%
chapter.weights_sentence()

# %%
chapter.stability_sentence()

# %%
chapter.stability_figure()
