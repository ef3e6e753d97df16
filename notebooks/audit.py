# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # {{short_title}}: can the printed numbers be right?
#
# Every printed result of every paper is checked by exact arithmetic, and every finding shows the sums behind it. A finding says that printed values cannot all be
# right *under the stated denominators and assumptions*. It never says why: a misprint, a mean over folds that is not called one, a damaged copy or a slip of ours may
# explain it. **Check the publisher's copy** before you rely on one. Authors: a correction or a reply is published on the page of the paper. How the checks work stands in
# [How the audit works](../../audit-method.ipynb).

# %% tags=["parameters"]
field = "rcc"

# %%
from dlrrc_core.chapters import audit

chapter = audit.open_chapter(field)
n = chapter.n
chapter.summary_sentence()

# %%
chapter.checks_table()

# %% [markdown]
# ## Findings

# %%
chapter.notable()

# %% [markdown]
# ## Everything else that was checked

# %%
chapter.others()
