# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # The simulator

# %% tags=["parameters"]
run = "best"

# %%
from dlrrc_core.chapters import baseline_simulator

chapter = baseline_simulator.open_chapter(run)
n = chapter.n
chapter.notice()

# %% [markdown]
# To see what a choice of method does to a result, the truth has to be known. So the chapters of this part work on simulated CT of renal masses, in which
# the difference between the classes is set, from none at all to a full one.

# %%
chapter.difference_sentence()

# %%
chapter.subtypes()

# %% [markdown]
# ## Slices of one patient

# %%
chapter.patients()

# %%
chapter.likeness_sentence()

# %% [markdown]
# ## Scanners

# %%
chapter.scanners()

# %% [markdown]
# ## Set and measured

# %%
chapter.tumours_table()

# %%
chapter.tissues_sentence()

# %%
chapter.tissues_table()

# %% [markdown]
# ## What is left out
#
# No projections are simulated, so there is no beam hardening, no streak, no motion and no scatter. Noise has the same strength everywhere in a slice.
# Textures are Gaussian random fields and not tissue, organs are ellipsoids, and a patient has one tumour whose size tells nothing about its class. The
# simulator is no stand-in for patients; accuracies reached on it mean nothing for a clinic. It answers one kind of question: what a way of splitting,
# testing or reporting does when everything else is known.
#
# ## Every number and its source

# %%
chapter.physics_sentence()

# %%
chapter.physics_table()

# %% [markdown]
# ## Where the numbers come from

# %%
chapter.provenance()
