"""A folder of patients: which series, mask and class each has, and their slices."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from dlrrc_core.baseline.images.dicom import read_series
from dlrrc_core.baseline.images.segmentation import read_segmentation
from dlrrc_core.baseline.images.series import Series
from dlrrc_core.baseline.images.slicing import to_slices
from dlrrc_core.baseline.slices import Slices, joined
from dlrrc_core.problems import DataError, Problem, UsageError, one_of

TABLE, FACTS = "cohort.csv", "cohort.json"
COLUMNS = ("patient", "class", "series", "segmentation", "segment", "centre")
TUMOUR = ("tumor", "tumour", "mass", "neoplasm", "carcinoma", "lesion")  # words in the labels of segments
UNSEGMENTED = ("skip", "all", "refuse")


@dataclass(frozen=True)
class Patient:
    """One row of ``cohort.csv``.

    Attributes
    ----------
    line : int
        Line of the table, counted from 1 with the heading.
    patient, label, centre : str
        Id, class and centre.
    series : Path
        Folder of the CT series.
    segmentation : Path or None
        DICOM segmentation.
    segments : tuple of str
        Labels of the tumour; empty: those with a word of ``TUMOUR``.
    """

    line: int
    patient: str
    label: str
    centre: str
    series: Path
    segmentation: Path | None
    segments: tuple[str, ...]


def read_cohort(
    folder: Path | str,
    size: int = 256,
    roi: str = "slice",
    stack: str = "grey",
    classes: Sequence[str] | None = None,
    unsegmented: str = "skip",
) -> Slices:
    """Read all patients of a cohort as slices.

    Parameters
    ----------
    folder : path
        With ``cohort.csv`` (columns patient, class, series, segmentation, segment, centre; paths relative to the folder; the last
        three may be empty), as :func:`dlrrc_core.baseline.images.download.build` writes it.
    size, roi, stack
        As in :func:`dlrrc_core.baseline.images.slicing.to_slices`.
    classes : sequence of str or None, default None
        Names in the order of the labels; by default those in ``cohort.json``, else those of the table in alphabetical order.
    unsegmented : {"skip", "all", "refuse"}, default "skip"
        Patients without a mask: left out, taken with all slices (then no slice has a mask), or refused.

    Returns
    -------
    Slices

    Raises
    ------
    UsageError
        When folder or table is missing, or an option is unknown.
    DataError
        With one line for everything that is wrong: labels outside the classes, a cohort of one class, missing series and segmentations,
        and the faults of every series.
    """
    one_of(unsegmented, UNSEGMENTED, "value for unsegmented")
    patients, names = read_table(Path(folder), classes)
    table = str(Path(folder) / TABLE)
    bare = [each for each in patients if each.segmentation is None]
    if bare and unsegmented == "refuse":
        raise DataError(Problem(table, each.line, 1, f"{each.patient} has no segmentation", "one") for each in bare)
    if unsegmented == "skip":
        patients = [each for each in patients if each.segmentation is not None]
        left = {each.label for each in patients}
        if len(left) < 2:
            raise UsageError(
                f"{table}: segmented patients of {len(left)} class(es) ({', '.join(sorted(left)) or 'none'}); "
                "allowed: two or more classes, or unsegmented 'all'"
            )
    parts: list[Slices] = []
    wrong: list[Problem] = []
    for each in patients:
        try:
            series, mask = read_patient(each)
            parts.append(
                to_slices(series, mask, each.label, names, size, roi, stack, patient=each.patient, centre=each.centre)
            )
        except DataError as error:
            wrong += error.problems
        except UsageError as error:
            wrong.append(
                Problem(table, each.line, 1, str(error), "a series that can be read", f"patient {each.patient}")
            )
    if wrong:
        raise DataError(wrong)
    return joined(parts)


def read_patient(row: Patient) -> tuple[Series, npt.NDArray[np.bool_] | None]:
    """Return the series of a patient and the mask of the tumour (None without a segmentation)."""
    series = read_series(row.series)
    if row.segmentation is None:
        return series, None
    return series, tumour(read_segmentation(row.segmentation, series), row.segments, row.segmentation)


def tumour(
    masks: dict[str, npt.NDArray[np.bool_]], segments: Sequence[str] = (), file: Path | str = ""
) -> npt.NDArray[np.bool_]:
    """Return the union of the segments of the tumour.

    Parameters
    ----------
    masks : dict of str to numpy.ndarray of bool
        Mask of every segment by its label.
    segments : sequence of str, default ()
        Labels; by default those that hold tumour, mass, neoplasm, carcinoma or lesion. Kidney and cysts are none of them.
    file : path, default ""
        For the message.

    Raises
    ------
    DataError
        When no label fits, or nothing is marked.
    """
    chosen = [
        label for label in masks if (label in segments if segments else any(word in label.lower() for word in TUMOUR))
    ]
    if not chosen:
        wanted = " or ".join(segments or TUMOUR)
        fix = f"name the tumour in the column segment of {TABLE}"
        raise DataError([Problem(str(file), 0, 0, f"segments {', '.join(masks)}", f"one that is {wanted}", fix)])
    union: npt.NDArray[np.bool_] = np.logical_or.reduce([masks[label] for label in chosen])
    if not union.any():
        fix = f"take its row out of {TABLE}"
        raise DataError([Problem(str(file), 0, 0, f"no voxel in {', '.join(chosen)}", "a marked tumour", fix)])
    return union


def read_table(folder: Path, classes: Sequence[str] | None = None) -> tuple[list[Patient], tuple[str, ...]]:
    """Return the rows of ``cohort.csv`` and the names of the classes; every fault of the table is named at once.

    Parameters
    ----------
    folder : Path
        Folder of the cohort.
    classes : sequence of str or None, default None
        As in :func:`read_cohort`.
    """
    path = folder / TABLE
    if not path.is_file():
        raise UsageError(
            f"{path} does not exist; allowed: a folder built by `dlrrc cohort build`, or one with a table of the columns "
            + ", ".join(COLUMNS)
        )
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (ValueError, pd.errors.ParserError) as error:
        raise DataError([Problem(str(path), 0, 0, f"no table ({error})", "comma separated values")]) from error
    if missing := [name for name in COLUMNS if name not in table]:
        raise DataError([Problem(str(path), 1, 1, f"no column {', '.join(missing)}", ", ".join(COLUMNS))])
    names = tuple(classes) if classes is not None else _classes(folder, table)
    rows = [_patient(folder, line, row) for line, row in enumerate(table.to_dict("records"), start=2)]
    if wrong := list(_faults(path, folder, rows, names)):
        raise DataError(wrong)
    return rows, names


def _classes(folder: Path, table: pd.DataFrame) -> tuple[str, ...]:
    """Return the classes in ``cohort.json``, else those of the table."""
    facts = folder / FACTS
    if not facts.is_file():
        return tuple(sorted(set(table["class"]) - {""}))
    try:
        found = json.loads(facts.read_text(encoding="utf-8"))["classes"]
        return tuple(str(name) for name in found)
    except (ValueError, KeyError, TypeError) as error:
        raise DataError([Problem(str(facts), 0, 0, f"no classes ({error})", '{"classes": ["...", "..."]}')]) from error


def _patient(folder: Path, line: int, row: dict[str, str]) -> Patient:
    """Return one row."""
    segments = tuple(part.strip() for part in row["segment"].split(";") if part.strip())
    mask = folder / row["segmentation"] if row["segmentation"] else None
    return Patient(line, row["patient"], row["class"], row["centre"], folder / row["series"], mask, segments)


def _faults(path: Path, folder: Path, rows: list[Patient], classes: tuple[str, ...]) -> Iterator[Problem]:
    """Yield what is wrong with the table."""
    if not rows:
        yield Problem(str(path), 1, 1, "no patient", "one row per patient")
        return
    found = {row.label for row in rows} & set(classes)
    if len(found) < 2:
        yield Problem(
            str(path),
            0,
            0,
            f"a cohort of {len(found)} class(es) ({', '.join(sorted(found)) or 'none'})",
            "two or more classes",
        )
    seen: dict[str, str] = {}
    places: dict[Path, str] = {}
    for row in rows:
        if not row.patient:
            yield Problem(str(path), row.line, 1, "no patient", "the id of the patient")
        if row.label not in classes:
            yield Problem(
                str(path), row.line, 1, f"class '{row.label}' of {row.patient}", ", ".join(classes) or "a class"
            )
        if seen.setdefault(row.patient, row.label) != row.label:
            yield Problem(str(path), row.line, 1, f"{row.patient} has a second class", "one class per patient")
        for what, place in (("series", row.series), ("segmentation", row.segmentation)):
            if place is None:
                continue
            if place in places:
                held = f"{what} {place.name} stands in the rows of {places[place]} and of {row.patient}"
                yield Problem(str(path), row.line, 1, held, "each series and segmentation once")
            places[place] = row.patient
            inside = place.is_relative_to(folder) and ".." not in place.relative_to(folder).parts and place != folder
            name = place.relative_to(folder).as_posix() if inside else str(place)
            if not inside:
                yield Problem(str(path), row.line, 1, f"{what} '{name}' of {row.patient}", "a path inside the folder")
            elif not (place.is_dir() if what == "series" else place.is_file()):
                yield Problem(
                    str(path),
                    row.line,
                    1,
                    f"{what} {name} of {row.patient} is missing",
                    "a folder that exists",
                    "build it again",
                )
