"""Whether a cohort on disk is whole and can be read."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from tqdm import tqdm

from dlrrc_core.baseline.images.cohort import read_patient, read_table
from dlrrc_core.baseline.images.manifest import Manifest
from dlrrc_core.problems import DataError, Problem


def check(folder: Path | str, progress: bool = False) -> pd.DataFrame:
    """Read every patient of a cohort, and compare every file with its checksum.

    Parameters
    ----------
    folder : path
        Folder of the cohort.
    progress : bool, default False
        Whether a bar is shown on a terminal.

    Returns
    -------
    pandas.DataFrame
        One row per patient: patient, class, centre, phase, slices, tumour_slices (None without a mask), tumour_ml, spacing (mm).

    Raises
    ------
    DataError
        With everything that is wrong: the table, checksums, missing files, and the faults of every series and segmentation.
    """
    base = Path(folder)
    rows, _ = read_table(base)
    manifest = Manifest(base)
    wrong = [
        Problem(name, 0, 0, "other bytes than were downloaded", "those of manifest.csv", "delete it and build again")
        for name in manifest.broken()
    ]
    wrong += [Problem(name, 0, 0, "missing", "a file of manifest.csv", "build again") for name in manifest.missing()]
    found = []
    for row in tqdm(rows, desc="check", disable=None if progress else True):
        try:
            series, mask = read_patient(row)
        except DataError as error:
            wrong += error.problems
            continue
        except ValueError as error:
            wrong.append(Problem(str(row.series), 0, 0, str(error), "a series that can be read"))
            continue
        voxel = series.spacing[0] * series.spacing[1] * series.spacing[2] / 1000
        found.append(
            {
                "patient": row.patient,
                "class": row.label,
                "centre": row.centre or series.manufacturer,
                "phase": series.phase,
                "slices": len(series.hu),
                "tumour_slices": None if mask is None else int(mask.any(axis=(1, 2)).sum()),
                "tumour_ml": None if mask is None else round(float(mask.sum()) * voxel, 2),
                "spacing": " x ".join(f"{value:.3g}" for value in series.spacing),
            }
        )
    if wrong:
        raise DataError(wrong)
    return pd.DataFrame(found)
