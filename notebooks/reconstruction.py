# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # {{short_title}}: what the published review implies

# %% tags=["parameters"]
field = "rcc"
draws = 200
seed = 1

# %%
from dlrrc_core.chapters import reconstruction, reconstruction_figures

chapter = reconstruction.open_chapter(field, draws, seed)
chapter.banner()

# %% [markdown]
# ## Can the printed numbers all be right?

# %%
chapter.conflict_sentence()

# %%
chapter.journal_year_sentence()

# %%
chapter.window_table()

# %% [markdown]
# ## What is determined, and what is not

# %%
chapter.open_sentence()

# %% [markdown]
# Some sums follow although they were not printed:

# %%
chapter.determined_table()

# %%
reconstruction_figures.parts(chapter)

# %%
reconstruction_figures.items(chapter)

# %%
chapter.accessible_sentence()

# %% [markdown]
# ## Scores of papers
#
# The scores of single papers are not determined. The figures show how far they may go.

# %%
reconstruction_figures.journal(chapter)

# %%
reconstruction_figures.year(chapter)

# %% [markdown]
# ## How the draws were made

# %%
chapter.diagnostics_sentence()
