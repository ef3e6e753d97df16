# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Checklist, Part {{part}}

# %% tags=["parameters"]
part = "I"

# %%
from dlrrc_core.chapters import front

front.part_words(part)

# %%
front.part_table(part)
