# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Leakage: split by image or by patient

# %% tags=["parameters"]
run = "best"

# %%
from dlrrc_core.chapters import baseline_leakage

chapter = baseline_leakage.open_chapter(run)
n = chapter.n
chapter.notice()

# %% [markdown]
# A patient gives many slices, and neighbouring slices look alike. When single images are dealt out to training and test, both sides hold images of the
# same patients, and a network can be right by knowing the patient. How much that alone is worth can be measured where the truth is known: in simulated
# patients whose two classes do not differ at all.
#
# ## No signal at all

# %%
chapter.no_effect_sentence()

# %%
chapter.figure()

# %%
chapter.votes_sentence()

# %%
chapter.copies_sentence()

# %%
chapter.selected_sentence()

# %% [markdown]
# ## With a signal

# %%
chapter.effect_sentence()

# %%
chapter.splits_sentence()

# %% [markdown]
# ## What a reader can look for
#
# A paper that says how many *patients*, not only how many images, lie in training, validation and test lets a reader rule this out. The checklist asks for
# it among the items on data; a score for them says whether the reader was told, not whether the split was right.
#
# ## Where the numbers come from

# %%
chapter.provenance()
