# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Deep learning in renal cell carcinoma, by task
#
# This chapter follows the order of a narrative review of 2023 {cite}`wang2023` and places the papers of this book under the
# question they try to answer. The tables are made from the records of the papers; results stand there as printed, with the
# study as their source. Numbers of different rows should not be ranked: the studies differ in patients, in classes, in the
# unit that is counted (patient, lesion or image) and in how the test set was made.
#
# Renal cell carcinoma (RCC) is a group of tumours of the kidney. Clear cell RCC (ccRCC) is the most frequent type,
# papillary (pRCC) and chromophobe RCC (chRCC) follow. Many are found by chance on a scan that was made for another reason,
# so imaging is often the first and, before surgery, the only view of the tumour.

# %% tags=["parameters"]
# This page has no parameters.

# %%
from dlrrc_core.chapters import narrative as review

# %% [markdown]
# ## Benign or malignant
#
# Not every solid mass of the kidney is a carcinoma. Oncocytoma and angiomyolipoma with little fat are benign and can look
# like RCC, above all when the mass is small. A biopsy answers the question in most cases, but it is invasive and carries a
# small risk of bleeding and of spreading cells along the needle {cite}`wang2023`. A model that reads the scan could spare
# some patients the biopsy or the operation.
#
# The task has been tried on contrast-enhanced CT with masses of any size {cite}`zabihollahy2020,oberai2020` and with small
# masses only {cite}`tanaka2020`, on routine MR images {cite}`xi2020,xuq2022` and on ultrasound {cite}`zhud2022`. A narrower
# form of the same question sets one benign tumour, oncocytoma, against one type or all types of carcinoma
# {cite}`coy2019,nikpanah2021,pedersen2020,baghdadi2020`. Other data sets add cysts, stones and normal kidneys as classes
# {cite}`islam2022,sudharson2020`. Pathology is the usual reference standard.
#
# Three points decide how such a result can be read: which benign tumours were in the sample and how many, whether slices of
# one patient were kept in one set, and whether readers judged the same cases.

# %%
review.task_table("identification")

# %% [markdown]
# ## Finding and outlining the tumour
#
# Before a tumour can be classified it has to be found and outlined. Detection asks whether a scan holds a tumour at all;
# small tumours of a few centimetres are the hard case {cite}`toda2022`. Segmentation outlines kidney, tumour or cyst voxel
# by voxel, on CT {cite}`linz2021,xia2019` or MR images {cite}`guo2022`. Outlining by hand is slow, so some studies train
# with bounding boxes only {cite}`yang2020` or carry over what was learned on other data to a small sample {cite}`zhux2022`.
#
# Overlap measures describe the quality of an outline. They depend on the size of the structure: a large organ reaches a
# high overlap more easily than a small tumour.

# %%
review.task_table("detection")

# %%
review.task_table("segmentation")

# %% [markdown]
# ## Subtype
#
# The subtypes of RCC differ in growth, in outlook and in the drugs that help. Knowing the subtype before surgery can change
# the plan. Typical signs exist, such as cysts, necrosis and calcification in pRCC and wheel-like enhancement in chRCC, but
# early and small masses often lack them {cite}`wang2023`.
#
# Studies have separated the three frequent types on CT {cite}`han2019`, four classes with angiomyolipoma on MR images
# {cite}`zheng2021`, and the two less frequent carcinomas, pRCC and chRCC, from each other {cite}`zuo2021`. The rarer
# classes set the limit: they are often few in a single-centre sample, and the balance of the classes has to be handled and
# reported.

# %%
review.task_table("subtype")

# %% [markdown]
# ## Grade and stage
#
# The grade says how far tumour cells have departed from normal ones. Two systems are in use, Fuhrman and the newer
# WHO/ISUP; both have four steps, and most studies merge them into low (I-II) and high (III-IV). The systems are not the
# same, so models trained on one and tested on the other answer a harder question; one study reports both {cite}`zhao2020`.
#
# CT is the usual input, with one phase or several {cite}`linf2020,xul2022,yangm2022`. One study learns from the histogram
# of the image {cite}`hussain2021` and predicts the stage as well. Loss functions and case weights against imbalance and
# uncertain labels have been tried {cite}`xul2022`. Weak supervision, which gives each slice the grade of its patient
# instead of training on the outlined volume, is a recent direction {cite}`li2025`.

# %%
review.task_table("grading")

# %%
review.task_table("staging")

# %% [markdown]
# ## With radiomics
#
# Classical radiomics measures shape, intensity and texture by fixed formulas and feeds selected values to a classifier.
# Deep learning finds its features in training. The two can be set side by side on the same cases
# {cite}`xi2020,xuq2022,zhux2022`, or joined, so that measured and learned values enter one classifier {cite}`liang2026`.
# {cite:t}`wang2023` expects an advantage of learned features on large data sets. On small ones the choice is open, and
# measured features have the merit that a reader can compute them again.

# %% [markdown]
# ## Other images and data
#
# Ultrasound is cheap and free of radiation, and depends on the examiner. Deep learning studies of renal tumours on
# ultrasound are few {cite}`sudharson2020,zhud2022`; one joins B-mode with contrast-enhanced images {cite}`zhud2022`. Slides
# of pathology are a field of their own with larger samples, outside the scope of this book; {cite:t}`wang2023` reviews
# several such studies. Studies that fit none of the tasks above are listed here.

# %%
review.task_table("synthesis")

# %%
review.task_table("other")

# %% [markdown]
# ## Prognosis
#
# The outcome of a patient is the most wanted and least studied target. It needs years of follow-up and complete data. One
# study joins slides, scans and exome data to estimate survival {cite}`schulz2021`; {cite:t}`wang2023` notes missing images
# for part of its patients and a small sample as limits.

# %%
review.task_table("prognosis")

# %% [markdown]
# ## Twelve directions
#
# {cite:t}`wang2023` closes with twelve points, part wishes and part obstacles. In our words:
#
# 1. **Outcome.** Move from naming the tumour to predicting its course, and to the response to targeted drugs and
#    immunotherapy.
# 2. **Molecular data.** Link images with genes and proteins, as radiogenomics does. Such links may also explain what a
#    network sees.
# 3. **Further image signs.** Invasion of the fat around the kidney, tumour thrombus in the vena cava and adherent perirenal
#    fat matter to the surgeon; radiomics has touched them, deep learning hardly.
# 4. **Newer imaging.** Dynamic contrast-enhanced MR imaging gives curves of flow and leakage that networks could read. The
#    sequences differ from site to site, which makes this hard.
# 5. **More than one centre.** Most models have seen one hospital. Tests on outside data show how much of the result stays.
# 6. **More patients.** Samples of one or two hundred cases invite over-fitting; shared image collections would help
#    everyone.
# 7. **Forward-looking studies.** Nearly all work looks back at stored scans. Whether a model changes care can only be seen
#    by planning a study ahead.
# 8. **Common standards.** Scanner settings, reconstruction and reading habits differ, so results of like studies cannot be
#    compared without an agreed way of working.
# 9. **Repeatability.** Outlines drawn by hand, half by hand or by a machine vary in their own ways. Their variation, and
#    over- or under-fitting, decide whether a result comes out again.
# 10. **Working together.** Physicians and engineers need a common language, from the question to the test.
# 11. **Learning without labels.** Self-supervised training uses the many scans that nobody has annotated and lowers the
#     need for labels.
# 12. **Explanation.** Heat maps such as Grad-CAM and methods such as LIME or SHAP show where a model looked or which input
#     counted. They support trust, but they do not replace a test.
#
# Points 8 and 9 lie closest to DLRRC, which asks about preparation, split, training and access.
# [Why reproducibility](why) explains the link.
