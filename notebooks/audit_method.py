# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # How the audit works
#
# A printed value is a text with a precision: "0.86" stands for everything that rounds to it. The audit asks whether *any* table of true and false positives and
# negatives gives all values of a row at once, and answers with whole numbers and fractions only. No verdict rests on floating point.

# %% tags=["parameters"]
draws = 300
seed = 1

# %%
from IPython.display import Markdown

from dlrrc_core.chapters import audit_method

chapter = audit_method.open_chapter(draws, seed)
n = chapter.n

# %% [markdown]
# ## One row of metrics
#
# Accuracy, sensitivity and most other metrics are ratios of sums of counts. "Accuracy is 0.86" therefore means two inequalities with whole coefficients in
# N (all cases), P (positives), TP and TN. Three questions follow from it.
#
# 1. **For every number of cases:** the inequalities are added up so that TN and TP drop out (Fourier-Motzkin elimination). If what is left is false, no number of cases can make the values right, and the sum itself is the proof.
# 2. **For the stated cases:** with P and N known, TP has a range, and for each TP the whole numbers TN that satisfy all inequalities are counted.
# 3. **When only N is known,** all P within the window of the first step are tried.
#
# An example. Each printed value below is allowed to be off by almost a whole unit of its last digit, whichever way it was rounded:

# %%
chapter.example("zuo2021", "metrics", "impossible-any-n")

# %% [markdown]
# Accuracy is an average of sensitivity and specificity, so it cannot lie above both. The edits say which *single* change would make the row right, cheapest
# first; they are possibilities, not a diagnosis of what happened.
#
# A second example, where the values are possible for some numbers of cases, but not for the stated ones:

# %%
chapter.example("li2025", "metrics", "impossible")

# %% [markdown]
# A third, where the values fit only if they were not rounded:

# %%
chapter.example("xi2020", "metrics", "impossible-rounding")

# %% [markdown]
# Values that are means over folds, readers or images, macro averages, and rows with more than two classes are not those of one table. They are called *untestable* and
# never run through this test.
#
# ### Metrics

# %%
chapter.metrics_table()

# %% [markdown]
# ## Other checks
#
# - **AUC**: with P positives and Q negatives it is a multiple of half a pair, 1 / (2PQ).
# - **Intervals**: eight methods for a proportion are tried with the stated denominator; an estimate must lie in its own interval.
# - **P values** are computed again from the printed counts, **percentages** from their counts, and rows about the same cases must share one pair of class counts.
# - **Parameters** of a network follow from its layers, head and number of classes; **memory** and **time** are deduced from the work, the card and the batch, with the range of each step.
# - **Software**: whether a version was released, when, and whether versions fit together, by dated tables.
# - **Quotations**: a result quoted elsewhere is set beside its source.

# %%
chapter.example("xi2020", "interval", "inconsistent")

# %%
chapter.example("zuo2021", "parameters", "not reproduced")

# %% [markdown]
# ## What would it notice?
#
# Random tables are printed as accuracy, sensitivity and specificity with one decimal, spoilt in a known way, and audited. The last row has no slip: every finding there would be a false alarm.

# %%
Markdown(f"{n('draws')} rows for each cell, seed {n('seed')}; in brackets the 95 % Wilson interval.")

# %%
chapter.power_table()

# %% [markdown]
# ## Verdicts in this review

# %%
chapter.verdicts_table()
