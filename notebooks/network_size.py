# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Number of parameters and accuracy

# %% tags=["parameters"]
run = "best"

# %%
from dlrrc_core.chapters import baseline_network_size

chapter = baseline_network_size.open_chapter(run)
n = chapter.n
chapter.notice()

# %%
chapter.published_sentence()

# %% [markdown]
# Whether such a relation holds can be asked where the same networks are trained many times, on cohorts that differ by chance only.

# %%
chapter.design_sentence()

# %% [markdown]
# ## Is there a parabola?

# %%
chapter.answer_sentence()

# %%
chapter.figure()

# %%
chapter.units_sentence()

# %%
chapter.fit_table()

# %% [markdown]
# The test for an inverted U (Sasabuchi 1980; Lind and Mehlum 2010) asks for both: rising at the smallest network and falling at the largest. A significant
# quadratic term alone is not enough, because a curve that only flattens has one, too.
#
# ## Which networks converge?

# %%
chapter.convergence_sentence()

# %% [markdown]
# ## What could have been seen?

# %%
chapter.power_sentence()

# %%
chapter.single_table()

# %%
chapter.difference_table()

# %% [markdown]
# ## Where the numbers come from

# %%
chapter.provenance()
