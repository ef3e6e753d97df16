# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Test sets of ten cases

# %% tags=["parameters"]
run = "best"

# %%
from dlrrc_core.chapters import baseline_small_test

chapter = baseline_small_test.open_chapter(run)
n = chapter.n
chapter.notice()

# %%
chapter.published_sentence()

# %% [markdown]
# Ten cases can show only eleven values, and a network that is often wrong may meet ten cases that it knows. How often that happens can be counted where the
# true accuracy is known.

# %%
chapter.design_sentence()

# %% [markdown]
# ## How often 100 %?

# %%
chapter.perfect_sentence()

# %%
chapter.figure()

# %%
chapter.spread_sentence()

# %%
chapter.clustering_sentence()

# %% [markdown]
# ## What ten cases say

# %%
chapter.interval_sentence()

# %% [markdown]
# The table says how many cases an interval needs that reaches no more than 10, or 5, points to each side on average of the two sides. A patient is one case,
# however many images there are.

# %%
chapter.needed_table()

# %% [markdown]
# ## The best of several networks
#
# When several networks are tested on one small test set and the best is reported, its accuracy is too high: the winner was lucky as well as good. A test set
# that chooses is a validation set.

# %%
chapter.best_sentence()

# %%
chapter.best_figure()

# %% [markdown]
# ## How it was computed

# %%
chapter.check_sentence()

# %% [markdown]
# ## Where the numbers come from

# %%
chapter.provenance()
