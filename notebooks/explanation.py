# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Where heat maps point

# %% tags=["parameters"]
run = "best"

# %%
from dlrrc_core.chapters import baseline_explanation

chapter = baseline_explanation.open_chapter(run)
n = chapter.n
chapter.notice()

# %% [markdown]
# Class activation maps are shown to let a reader see what a network looks at; {cite}`li2025` lays them over CT images of tumours. Simulated tumours have a true
# outline, so where a map points can be counted, and there are networks of which it is known that they had nothing true to learn. The maps here are
# Grad-CAM for the answer that the network gave.

# %%
chapter.learned_sentence()

# %% [markdown]
# ## Do they point to the tumour?

# %%
chapter.pointing_sentence()

# %%
chapter.figure()

# %%
chapter.above_sentence()

# %%
chapter.less_sentence()

# %%
chapter.answers_sentence()

# %% [markdown]
# ## What a reader would see

# %%
chapter.pictures()

# %% [markdown]
# ## What a reader can look for
#
# A map inside the tumour is compatible with a network that knows the patient or the scanner: their marks lie in the tumour as well as around it, and
# an image cut around the tumour leaves little else to point to. A measured share over all test images, beside chance and beside a network trained on
# shuffled classes, says more than chosen pictures. Chance is that of maps as coarse as those shown, enlarged in the same way, and not the tumour's share of
# the image: small images give maps of few cells, and the coarsest have no place in the middle to point to.
#
# ## Where the numbers come from

# %%
chapter.provenance()
