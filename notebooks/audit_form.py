# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Audit one printed row
#
# Type one row of metrics exactly as it is printed, trailing zeros and percent signs included, and the numbers of cases as far as they are
# known. The form asks whether any confusion matrix (true and false positives and negatives) has all of these values at once.
# [The method chapter](audit-method) explains how. Everything runs in this page: nothing that you type leaves it, and it works without a network.

# %% tags=["parameters"]
# this page has no parameters

# %%
from dlrrc_core.audit import form_data

form_data.form()

# %% [markdown]
# ## What the verdicts mean
#
# | verdict | meaning |
# |---|---|
# | impossible-any-n | The printed values cannot all be right, whatever the number of cases, even if each is off by almost one unit of its last digit. The sum of inequalities that is shown proves it. |
# | impossible | No confusion matrix of the stated numbers of cases has all values, even if each is off by almost one unit of its last digit. |
# | impossible-rounding | A confusion matrix fits only if the values were not rounded in the stated way. |
# | consistent | At least one confusion matrix fits. This does not show that the values are right. |
# | uninformative | 100,000 confusion matrices or more fit, or no number of cases is known: the test says nothing. |
#
# A verdict is about printed numbers under the stated assumptions, never about why they are as they are. A misprint, a swapped column, another number of
# cases or an average over several tests all lead to an impossible row. Where values come from a converted text, check the publisher's copy.
#
# ## What the form leaves out
#
# The form is made from the same formulas as the library behind this book and gives the same verdicts, counts, matrices and edits; the tests of this book
# compare the two on a thousand random rows. No verdict depends on how a browser rounds. A few things are only in the library and in the command `dlrrc audit-metrics`:
#
# - a largest number of cases, where the number itself is not known (`--n-max`);
# - a name for what is counted, such as lesion or image (`--level`), which only changes the wording;
# - the edit "another number of cases that the paper gives", which needs the paper's other numbers and is part of the audit of recorded papers;
# - AUC and other values that one confusion matrix does not determine: they are not tested at all.
#
# Values that are means over folds, readers or images, macro averages, and rows with more than two classes must not be entered: they are not
# the values of one confusion matrix. Very large numbers of cases may be too much for a browser, mostly where the
# positives are not known; the form then says what it did not try.
