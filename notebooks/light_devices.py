# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Light devices

# %% tags=["parameters"]
run = "best"

# %%
from dlrrc_core.chapters import baseline_light_devices

chapter = baseline_light_devices.open_chapter(run)
n = chapter.n
chapter.notice()

# %% [markdown]
# The recipe of {cite}`zuo2021` is offered as a method that can be applied to light devices. What a network needs to answer can be measured without any
# patient: operations, size of the file, time and memory for one image. Whether a smaller file still gives the same answers needs a trained network.

# %%
chapter.machine_sentence()

# %% [markdown]
# ## Time

# %%
chapter.cost_sentence()

# %%
chapter.figure()

# %% [markdown]
# ## Memory

# %%
chapter.memory_sentence()

# %% [markdown]
# ## Same answers
#
# A file for another runtime is a new program. It has to be compared with the network it was made from, on images.

# %%
chapter.export_sentence()

# %% [markdown]
# ## Eight bits

# %%
chapter.eight_bits_sentence()

# %%
chapter.even_sentence()

# %%
chapter.accuracy_table()

# %%
chapter.faster_sentence()

# %% [markdown]
# ## What a reader can look for
#
# A claim about light devices can be held against a named device, the time for one image on it, the memory, and the accuracy of the very file that runs
# there. The number of parameters alone does not give the time.
#
# ## Where the numbers come from

# %%
chapter.provenance()
