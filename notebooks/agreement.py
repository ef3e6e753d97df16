# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # {{short_title}}: agreement of the raters

# %% tags=["parameters"]
field = "rcc"
kind = "any"
draws = 2000
seed = 1

# %%
from IPython.display import Markdown

from dlrrc_core.chapters import agreement

chapter = agreement.open_chapter(field, kind, draws, seed)
n = chapter.n
chapter.raters_sentence()

# %%
Markdown(f"""
Over all {n("pooled.n")} pairs of paper and item the raters gave the same answer in **{n("pooled.raw", ".3f")}**
(95 % interval {n.interval("pooled.raw_ci", ".3f")}); Cohen's kappa is {n("pooled.kappa", ".3f")} ({n.interval("pooled.kappa_ci", ".3f")}).
Intervals are bootstrap intervals (BCa) over papers, {n("draws")} samples, seed {n("seed")}.
""")

# %% [markdown]
# ## What the numbers mean
#
# - **Same answer** is the share of pairs of paper and item on which two raters agree. It needs no correction and has none.
# - **Kappa** (Cohen) takes away the agreement that two raters with these frequencies of answers would reach by chance. Where nearly every paper gets the same answer, chance agreement is high and kappa falls although raters hardly differ; a constant item has none.
# - **AC1** and **AC2** (Gwet) suffer less from lopsided frequencies. **Alpha** (Krippendorff) allows for any number of raters, missing answers and small samples.
# - **ICC(A,1)** asks whether two raters give the same points, **ICC(C,1)** whether they order papers alike, **ICC(C,k)** how reliable their mean is.
# - The **smallest detectable change** is the difference between two papers that cannot be explained by rater noise alone, with 95 % certainty.
#
# An answer is compared on its units of points. Unclear and not applicable count as missing.

# %%
chapter.coefficient_table()

# %% [markdown]
# ## Ordered items
#
# Four items have more than two answers in an order. There a near miss counts less than a full one: weights come from the points of the answers.

# %%
chapter.weighted_table()

# %% [markdown]
# ## Total points

# %%
chapter.bland_altman()

# %%
chapter.totals_table()

# %% [markdown]
# ## Item by item

# %%
chapter.items_table()

# %% [markdown]
# ## Where raters disagree most
#
# The items with the most papers on which the raters differ: what is asked, what the guidance leaves open, and what each rater wrote. A person has to decide.

# %%
chapter.disputed_items()
