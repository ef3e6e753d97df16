# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # DLRRC beside CLAIM, CLEAR, METRICS and RQS 2.0
#
# A reader who knows another checklist will ask what is new in DLRRC. The tables set each of its 31 items beside the items of
# four other instruments that ask for the same thing.
#
# | instrument | kind | list used here |
# |---|---|---|
# | CLAIM {cite}`claim2020` | reporting checklist for artificial intelligence in medical imaging | only the items that {cite:t}`zuo2023` lists as related to reproducibility (Table 1) |
# | CLEAR {cite}`clear2023` | reporting guideline for radiomics | all 58 items |
# | METRICS {cite}`metrics2024` | weighted quality score for radiomics | all 30 items |
# | RQS 2.0 {cite}`rqs2025` | quality score with readiness levels | 42 questions, as coded in a public calculator |
#
# The relation of two items is one of:
#
# - **same**: both ask for the same information. One of them may set a stricter limit or be part of a broader item; the note says so.
# - **partly**: they overlap, but one asks for less, or for something else as well.
# - **none**: the instrument has no item for it.
#
# The texts of the items are short restatements. The relations are a reading by the makers of this book, not by the
# authors of the instruments; corrections are welcome like any other contribution.

# %% tags=["parameters"]
# This page has no parameters.

# %%
from dlrrc_core.chapters import narrative as review

# %% [markdown]
# ## CLAIM
#
# CLAIM has more items than the ones below. {cite:t}`zuo2023` chose those that touch reproducibility, and only these are compared.
# An item with "none" may have a counterpart in the rest of CLAIM.

# %%
review.crosswalk_table("CLAIM")

# %% [markdown]
# ## CLEAR
#
# CLEAR asks what is reported; DLRRC often adds a limit, such as a minimum list of hyper-parameters or the patient as the unit of the
# split. CLEAR is wider where hand-crafted features are concerned.

# %%
review.crosswalk_table("CLEAR")

# %% [markdown]
# ## METRICS
#
# METRICS scores method rather than report, and several of its items apply only under conditions. It weighs open data, code and
# model as items of their own, each as yes or no, where DLRRC gives graded points for a description as well.

# %%
review.crosswalk_table("METRICS")

# %% [markdown]
# ## RQS 2.0
#
# RQS 2.0 follows a model from the first idea to the market. Most of its questions lie outside the scope of DLRRC (usability,
# cost, regulation), and few go into the training of a network. {cite:t}`zuo2023` describes the web form of 2023; the
# list below is the later, published version, so the two need not agree.

# %%
review.crosswalk_table("RQS 2.0")

# %% [markdown]
# ## Items without a counterpart
#
# Which DLRRC items have no counterpart, instrument by instrument:

# %%
review.crosswalk_gaps()

# %% [markdown]
# A gap is not a fault of the other instrument. Each was made for a purpose of its own: CLAIM and CLEAR to guide a
# report, METRICS and RQS to judge a method, DLRRC to ask whether a reader could do the work again. Used together they ask more than any
# one of them alone.
