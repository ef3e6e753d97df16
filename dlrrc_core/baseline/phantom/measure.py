"""What can be measured in simulated patients, beside what was set: HU by tissue, and the table of what was drawn."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import ndimage

from dlrrc_core.baseline.phantom.cohort import Cohort
from dlrrc_core.baseline.phantom.parameters import PHASES
from dlrrc_core.baseline.phantom.patient import draw
from dlrrc_core.baseline.phantom.render import Volume

FEWEST = 20  # voxels; fewer give no mean


def tissue_means(volume: Volume, erode: int = 1) -> pd.DataFrame:
    """Return the HU of each tissue as measured inside its rendered mask, beside the HU that was set.

    Parameters
    ----------
    volume : Volume
        One patient.
    erode : int, default 1
        Voxels to leave out along each edge, where neighbours blur into the tissue; 0: none.

    Returns
    -------
    pandas.DataFrame
        One row per tissue with at least 20 voxels left and phase: ``tissue``, ``phase``, ``voxels``, ``mean`` and ``sd`` (measured
        with noise, kernel and offset), ``true_mean`` (before the scanner), ``set`` (drawn for this patient, offset not included).
    """
    rows = []
    cross = ndimage.generate_binary_structure(3, 1)
    for code, tissue in enumerate(volume.tissues):
        inside = volume.labels == code
        if erode:
            inside = ndimage.binary_erosion(inside, cross, iterations=erode)
        if inside.sum() < FEWEST:
            continue
        drawn = volume.patient.mass.hu if tissue == "tumour" else volume.patient.tissues[tissue]
        for phase, value in zip(PHASES, drawn, strict=True):
            seen, true = volume.hu[phase][inside], volume.true[phase][inside]
            rows.append((tissue, phase, int(inside.sum()), seen.mean(), seen.std(), true.mean(), value))
    columns = ["tissue", "phase", "voxels", "mean", "sd", "true_mean", "set"]
    return pd.DataFrame(rows, columns=columns).astype({name: float for name in columns[3:]})


def patients(cohort: Cohort) -> pd.DataFrame:
    """Return what was drawn for each patient, without rendering anything.

    Returns
    -------
    pandas.DataFrame
        Index ``patient``; ``label``, ``class``, ``centre``, ``side``, ``size_cm``, ``unenhanced``, ``corticomedullary`` and
        ``nephrographic`` (HU of the solid part), ``necrosis``, ``cysts``, ``calcification``, ``wheel`` (whether present),
        ``noise`` (HU), ``thickness`` (mm), ``half_width`` (mm), ``age``, ``male``, ``bmi``, ``haematuria``.
    """
    rows = []
    for number in cohort.numbers:
        drawn = draw(cohort, number)
        mass = drawn.mass
        rows.append(
            {
                "patient": drawn.name,
                "label": drawn.label,
                "class": cohort.classes[drawn.label],
                "centre": drawn.centre,
                "side": ("right", "left")[mass.side],
                "size_cm": mass.diameter_cm,
                **dict(zip(PHASES, np.asarray(mass.hu).tolist(), strict=True)),
                "necrosis": mass.necrosis > 0,
                "cysts": len(mass.cysts) > 0,
                "calcification": len(mass.calcifications) > 0,
                "wheel": mass.wheel[0] > 0,
                "noise": drawn.scanner.noise,
                "thickness": drawn.scanner.thickness,
                "half_width": drawn.body.half_width,
                "age": drawn.age,
                "male": drawn.male,
                "bmi": drawn.bmi,
                "haematuria": drawn.haematuria,
            }
        )
    return pd.DataFrame(rows).set_index("patient")
