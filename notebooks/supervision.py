# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Strong and weak supervision

# %% tags=["parameters"]
run = "best"

# %%
from dlrrc_core.chapters import baseline_supervision

chapter = baseline_supervision.open_chapter(run)
n = chapter.n
chapter.notice()

# %% [markdown]
# Outlining a tumour slice by slice costs a radiologist's time. A preprint of 2025 {cite}`li2025` holds a network that is shown the outlined tumour (3D, a
# cube around it: *strong* supervision) against one that is shown the slices through the lesion with nothing but the patient's label (2D, whole slices:
# *weak* supervision), and decides on a case by more than three consecutive slices of the same grade. The two differ in more than the outline: in dimension,
# in size of the input, and in the way to a case. Here two subtypes of simulated tumours stand for the two grades, all networks learn from the same patients
# and answer on the same new ones, and two further arms lie between: 2D slices of the outlined cube and 2D slices of the region of the diseased kidney.
#
# ## What was learned
#
# An arm that took few steps, or saw its images less often, would lose for that reason. So every row says how often, and whether the validation images show
# that anything was learned.

# %%
chapter.training_sentence()

# %%
chapter.training_table()

# %% [markdown]
# ## Who wins, and when

# %%
chapter.areas_sentence()

# %%
chapter.figure()

# %%
chapter.paired_sentence()

# %%
chapter.sizes_table()

# %% [markdown]
# ## What a comparison of that size can show

# %%
chapter.power_sentence()

# %%
chapter.printed_table()

# %% [markdown]
# ## The rule from slices to a case

# %%
chapter.perfect_sentence()

# %%
chapter.asymmetry_sentence()

# %%
chapter.rule_table()

# %%
chapter.says_table()

# %% [markdown]
# The rule is a choice of a working point. A paper that compares two models by sensitivity and specificity, one of them through such a rule, compares the
# working points too; the areas under the curves of patients do not depend on it.
#
# ## Every number

# %%
chapter.table()

# %% [markdown]
# ## What this does not show
#
# Simulated subtypes are not grades, the simulator draws tumours of any size alike for both classes, and the preprint prints learning rate, batch and rounds in
# a supplement that was not seen. How soon whole slices become enough depends on the image size and the number of patients; this page says it for those in
# the run record.
#
# ## Where the numbers come from

# %%
chapter.provenance()
