"""The public CT cohorts: their patients and series in the offline index of the NCI Imaging Data Commons (IDC)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from dlrrc_core import strict_yaml
from dlrrc_core.baseline.images.phase import ORDER, phase
from dlrrc_core.problems import UsageError, one_of
from dlrrc_core.repository import find_root

FILE = "data/baseline/cohorts.yaml"
PREFER = ("mask", "phase")
LINKED = ("linked", "possible", "none")  # from the best
BEST = LINKED[::-1]
RCC_AID = re.compile(r"seg, (?P<phase>\w+), CT series (?P<number>\d+)$")
COLUMNS = (
    "PatientID, StudyInstanceUID, SeriesInstanceUID, SeriesNumber, SeriesDescription, StudyDescription, Modality, Manufacturer, "
    "instanceCount, series_size_MB, license_short_name, source_DOI, analysis_result_id, aws_bucket, crdc_series_uuid"
)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Cohort(_Strict):
    """One public collection.

    Attributes
    ----------
    collection : str
        ``collection_id`` in the index.
    label : str or None
        Class of all its patients (``class`` in the file); None when they have several.
    title, licence, doi, citation, note : str
        As the index gives them; ``note`` says what to know about the class.
    """

    title: str
    collection: str
    label: str | None = Field(alias="class")
    licence: str
    doi: str
    citation: str
    note: str


class Annotation(_Strict):
    """One source of segmentations; ``link`` says how the index shows which series was segmented."""

    analysis: str | None
    title: str
    licence: str
    doi: str
    link: Literal["number", "arterial", "none"]
    citation: str


class Catalogue(_Strict):
    """The content of ``data/baseline/cohorts.yaml``."""

    source: str
    not_axial: tuple[str, ...]
    not_soft_tissue: tuple[str, ...]
    fewest_instances: int
    cohorts: dict[str, Cohort]
    segmentations: tuple[Annotation, ...]


@cache
def catalogue(root: Path | None = None) -> Catalogue:
    """Return the public cohorts that can be built.

    Parameters
    ----------
    root : Path or None, default None
        Root of the repository; by default that of the working directory.
    """
    base = find_root() if root is None else root
    return strict_yaml.validate(strict_yaml.load(base / FILE, base), Catalogue)


def index_file() -> Path:
    """Return the index that is installed with ``idc-index``; nothing is fetched."""
    try:
        import idc_index_data
    except ImportError as error:
        raise UsageError(
            "public cohorts need idc-index, which is not installed; pip install 'dlrrc[baseline]'"
        ) from error
    return Path(str(idc_index_data.IDC_INDEX_PARQUET_FILEPATH))


def index_version() -> str:
    """Return the version of the installed index; its first number is the IDC release."""
    return version("idc-index-data")


def series(cohort: str, index: Path | None = None) -> pd.DataFrame:
    """Return all CT series of a cohort.

    Parameters
    ----------
    cohort : str
        One of ``catalogue().cohorts``.
    index : Path or None, default None
        Index as Parquet; by default the installed one.

    Returns
    -------
    pandas.DataFrame
        One row per series: patient, series, study, number, description, phase, usable (axial soft tissue with at least 20 instances),
        link ("linked": the index shows a segmentation of this series; "possible": there is one in the study, of which series only the
        file says; "none"), segmentations (their SeriesInstanceUIDs, best source first, joined by ``;``), instances, size_mb,
        manufacturer, licence, doi, bucket, uuid.

    Notes
    -----
    The phase is read from the description (:func:`dlrrc_core.baseline.images.phase.phase`), but where RCC-AID states one for the series
    that statement counts. Slice thickness and image orientation are not in the index that is installed, so "axial" rests on words of
    the description and the number of instances stands for the thickness; the reader checks the orientation after the download.
    """
    known = catalogue()
    collection = known.cohorts[one_of(cohort, known.cohorts, "cohort")].collection
    rows = _rows(collection, index).to_dict("records")
    masks: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        if row["Modality"] == "SEG":
            masks.setdefault(row["StudyInstanceUID"], []).append(row)
    found = []
    for row in rows:
        if row["Modality"] != "CT":
            continue
        link, stated, uids = _segmentations(row, masks.get(row["StudyInstanceUID"], []), known)
        words = str(row["SeriesDescription"])
        found.append(
            {
                "patient": row["PatientID"],
                "series": row["SeriesInstanceUID"],
                "study": row["StudyInstanceUID"],
                "number": row["SeriesNumber"],
                "description": words,
                "phase": stated or phase(words),
                "usable": usable(words, int(row["instanceCount"]), known),
                "link": link,
                "segmentations": ";".join(uids),
                "instances": int(row["instanceCount"]),
                "size_mb": float(row["series_size_MB"]),
                "manufacturer": row["Manufacturer"],
                "licence": row["license_short_name"],
                "doi": row["source_DOI"],
                "bucket": row["aws_bucket"],
                "uuid": row["crdc_series_uuid"],
            }
        )
    return pd.DataFrame(found).sort_values(["patient", "study", "series"]).reset_index(drop=True)


def patients(cohort: str, prefer: str = "mask", index: Path | None = None) -> pd.DataFrame:
    """Return the CT patients of a cohort, each with the series that is used.

    Parameters
    ----------
    cohort : str
        One of ``catalogue().cohorts``.
    prefer : {"mask", "phase"}, default "mask"
        Which of the two comes first in the choice.
    index : Path or None, default None
        Index as Parquet; by default the installed one.

    Returns
    -------
    pandas.DataFrame
        One row per patient: the columns of :func:`series` for the chosen one (series empty when none is usable), class, ct_series
        (number of CT series) and masks (segmentation series of all CT studies of the patient).

    Notes
    -----
    The rule, among usable series: with a segmentation first (linked, then possible), then by phase: arterial (corticomedullary), which
    zuo2021 prefers, nephrographic, venous, delayed, contrast of unknown phase, unknown, unenhanced; then the most instances, which stand
    for the thinnest slices; then the SeriesInstanceUID. With ``prefer="phase"`` phase comes before segmentation.
    """
    one_of(prefer, PREFER, "preference")
    table = series(cohort, index)
    label = catalogue().cohorts[cohort].label
    order = ["link_rank", "phase_rank"] if prefer == "mask" else ["phase_rank", "link_rank"]
    ranked = table.assign(
        phase_rank=table["phase"].map(ORDER.index),
        link_rank=table["link"].map(LINKED.index),
        most=-table["instances"],
    ).sort_values(["patient", *order, "most", "series"])
    chosen = ranked[ranked["usable"]].groupby("patient").head(1).set_index("patient")
    groups = table.groupby("patient")
    result = chosen.reindex(sorted(groups.groups)).drop(columns=["phase_rank", "link_rank", "most"])
    text = [
        "series",
        "study",
        "description",
        "phase",
        "segmentations",
        "manufacturer",
        "licence",
        "doi",
        "bucket",
        "uuid",
        "number",
    ]
    result[text] = result[text].fillna("")
    result["link"] = result["link"].fillna("none")
    result[["instances", "size_mb"]] = result[["instances", "size_mb"]].fillna(0)
    result["instances"] = result["instances"].astype(int)
    result["usable"] = result["series"] != ""
    masks = groups["segmentations"].agg(lambda lists: len({uid for text in lists for uid in text.split(";") if uid}))
    return result.assign(**{"class": label, "ct_series": groups.size(), "masks": masks}).reset_index()


def counts(cohort: str, index: Path | None = None) -> dict[str, int | float]:
    """Return how many patients, series and segmentations a cohort has in the index, and the size of all CT, GB."""
    rows = _rows(catalogue().cohorts[one_of(cohort, catalogue().cohorts, "cohort")].collection, index)
    ct, masks = rows[rows["Modality"] == "CT"], rows[rows["Modality"] == "SEG"]
    return {
        "ct_patients": int(ct["PatientID"].nunique()),
        "ct_series": len(ct),
        "ct_instances": int(ct["instanceCount"].sum()),
        "ct_gb": round(float(ct["series_size_MB"].sum()) / 1000, 2),
        "segmented_patients": int(masks["PatientID"].nunique()),
        "segmentations": len(masks),
    }


def usable(description: str, instances: int, known: Catalogue) -> bool:
    """Return whether a series is axial soft tissue by the words of its description, and has enough instances."""
    words = set(re.split(r"[\W_]+", description.lower()))
    return instances >= known.fewest_instances and not words & {*known.not_axial, *known.not_soft_tissue}


def places(uids: Iterable[str], cohort: str, index: Path | None = None) -> pd.DataFrame:
    """Return bucket, uuid, number of instances and size of segmentation series; index ``SeriesInstanceUID``."""
    rows = _rows(catalogue().cohorts[cohort].collection, index).set_index("SeriesInstanceUID")
    return rows.loc[
        list(uids), ["aws_bucket", "crdc_series_uuid", "instanceCount", "series_size_MB", "analysis_result_id"]
    ]


def _segmentations(row: dict[str, Any], masks: list[dict[str, Any]], known: Catalogue) -> tuple[str, str, list[str]]:
    """Return how a series is linked to segmentations of its study, the phase they state, and their ids from the best source on."""
    link, stated, uids = "none", "", []
    # a correction by a radiologist comes before the answer of the network that it corrects
    ordered = sorted(masks, key=lambda mask: str(mask["SeriesDescription"]), reverse=True)
    for source in known.segmentations:
        for mask in ordered:
            analysis = mask["analysis_result_id"]
            if (None if pd.isna(analysis) else analysis) != source.analysis:
                continue
            match = RCC_AID.search(str(mask["SeriesDescription"]))
            if source.link == "number":
                fits = match is not None and match["number"] == str(row["SeriesNumber"]).lstrip("0")
                stated = match["phase"] if fits and match is not None else stated
            else:
                fits = source.link == "none" or phase(str(row["SeriesDescription"])) == "arterial"
            if fits:
                uids.append(str(mask["SeriesInstanceUID"]))
                link = max(link, "possible" if source.link == "none" else "linked", key=BEST.index)
    return link, stated, uids


@cache
def _rows(collection: str, index: Path | None) -> pd.DataFrame:
    """Return CT and SEG series of a collection."""
    path = index_file() if index is None else index
    try:
        import duckdb
    except ImportError as error:
        raise UsageError(
            "public cohorts need duckdb, which comes with idc-index; pip install 'dlrrc[baseline]'"
        ) from error
    with duckdb.connect() as connection:
        found: pd.DataFrame = connection.execute(
            f"select {COLUMNS} from read_parquet(?) where collection_id = ? and Modality in ('CT', 'SEG') order by SeriesInstanceUID",
            [str(path), collection],
        ).df()
    return found
