# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Rate a paper
#
# All 31 questions of the checklist as a form. Everything runs in this page: nothing that you type leaves it, it works without a network, and a draft stays
# in this browser after every change. At the end you take a file with you. No answer of another rater is shown while you rate.

# %% tags=["parameters"]
# this page has no parameters

# %%
from dlrrc_core import rating_form_data, repository

rating_form_data.form(repository.here())

# %% [markdown]
# ## Keys
#
# | key | what it does |
# |---|---|
# | Tab | goes on to the next field |
# | Space, arrow keys | choose an answer |
# | 1, 2, 3, 4 | choose that answer of the question in which an answer has the focus; U: unclear, N: not applicable, Delete: no answer |
# | Enter, on an answer | goes to the next question without an answer |
# | Ctrl + Enter, Ctrl + Shift + Enter | next and previous question, from any of its fields |
#
# ## How answers count
#
# A question that is *unclear* or not answered is open: the score is then an interval from no points for it to all of them. A question that is *not
# applicable* leaves the denominator. Points stay hidden until you ask for them, because a score in sight can pull the next answer.
#
# ## Practice
#
# The papers of the practice set count in no field. Choose one, answer all 31 questions, and the form shows your answers beside the stored ones, with their
# evidence. The stored ratings come from machine raters and are not confirmed by a person: a difference is a reason to look again, not a mistake.
#
# ## Where the file goes
#
# `data/papers/<paper>/ratings/<rater>.yaml`, in a pull request. `dlrrc validate` reports what is missing, and a new rater needs an entry in
# `data/raters.yaml`. The workbook has the layout of the checklist's authors and `dlrrc` reads it back.
