# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Comparing fields

# %% tags=["parameters"]
# this page has no parameters

# %%
from dlrrc_core import tables
from dlrrc_core.chapters import front

chapter = front.open_front()
n = chapter.n
tables.machine_notice()

# %% [markdown]
# ```{warning}
# Do not rank fields by these numbers. The papers of a field are no random sample: one field started from a printed search, the other
# from full texts that were at hand. Years, tasks and places of publication differ, some papers belong to both fields, and the checklist was written with
# classification of tumours in mind. What may be compared is the pattern within a field: which items are met often and which are not.
# ```

# %%
chapter.fields_table()

# %% [markdown]
# ## Agreement of the raters
#
# Every pair of paper and item counts, on units. All raters so far are machines of one kind; what that means stands in the agreement chapter of each field.

# %%
chapter.agreement_table()

# %%
chapter.means_sentence()

# %% [markdown]
# ## Points by part

# %%
chapter.parts_table()

# %% [markdown]
# ## Points by item

# %%
chapter.items_table()
