"""A simulator of CT of renal masses with known truth, for the chapters that need it.

What is simulated: a body of soft-edged shapes with HU by tissue and phase, a tumour whose enhancement, texture, necrosis, cysts,
calcification and wheel pattern differ between subtypes in so far as ``effect`` says, much that differs between patients whatever their
class, and scanners that differ between centres in kernel, noise, thickness, tube voltage and calibration.

What is not: no projections are simulated, so there is no beam hardening, no streak, no motion, no scatter; noise has the same strength
everywhere in a slice and none of it is shared by overlapping slices; textures are Gaussian random fields and not tissue; organs are
ellipsoids; there is one tumour per patient and its size is drawn alike for all subtypes. Many numbers are assumed, and say so. It is no
stand-in for patients: it shows what a choice of method does where the truth is known.
"""

from __future__ import annotations

from dlrrc_core.baseline.phantom.cohort import Cohort
from dlrrc_core.baseline.phantom.measure import patients, tissue_means
from dlrrc_core.baseline.phantom.parameters import PHASES, Scanner, describe, physics
from dlrrc_core.baseline.phantom.patient import Patient, draw
from dlrrc_core.baseline.phantom.render import Volume, volume
from dlrrc_core.baseline.phantom.sets import Crops, crops, slices

__all__ = [
    "PHASES",
    "Cohort",
    "Crops",
    "Patient",
    "Scanner",
    "Volume",
    "crops",
    "describe",
    "draw",
    "patients",
    "physics",
    "slices",
    "tissue_means",
    "volume",
]
