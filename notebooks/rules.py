# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # The rules for records
#
# `dlrrc validate` checks every record against these rules and reports all findings at once, each with its rule, file, line, what was found, what is allowed and how to
# mend it. The ids are permanent: a rule that is given up leaves a gap.

# %% tags=["parameters"]
# this page has no parameters

# %%
from dlrrc_core.chapters import rules

rules.counts_table()

# %%
rules.rules_list()
