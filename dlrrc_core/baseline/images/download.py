"""Builds a folder of public CT: downloads with progress, goes on where it stopped, and checks every byte."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from dlrrc_core import files
from dlrrc_core.baseline.images import public
from dlrrc_core.baseline.images.cohort import COLUMNS, FACTS, TABLE
from dlrrc_core.baseline.images.manifest import Manifest, digest
from dlrrc_core.baseline.images.segmentation import referenced_series
from dlrrc_core.baseline.images.source import Bucket, Offline, Remote, Source
from dlrrc_core.problems import UsageError, one_of

LICENCES = "LICENCES.md"
WORKERS = 8  # files at a time; they are half a megabyte each, and waiting is most of the time
RESERVE = 1.05  # of the size that must be free


def build(
    cohorts: Sequence[str] | str,
    folder: Path | str,
    *,
    source: Source | None = None,
    labels: Path | str | None = None,
    prefer: str = "mask",
    index: Path | None = None,
    progress: bool = True,
) -> Path:
    """Download public cohorts into one folder that :func:`dlrrc_core.baseline.images.cohort.read_cohort` reads.

    Parameters
    ----------
    cohorts : str or sequence of str
        Of ``public.catalogue().cohorts``.
    folder : path
        Made when it is missing. A build that was stopped goes on: whole files are kept, and checked against the manifest.
    source : Source or None, default None
        Where files come from; by default the public bucket.
    labels : path or None, default None
        CSV with the columns patient and class for cohorts of several classes; patients that are not in it are left out.
    prefer : {"mask", "phase"}, default "mask"
        As in :func:`dlrrc_core.baseline.images.public.patients`.
    index : Path or None, default None
        Index as Parquet; by default the installed one.
    progress : bool, default True
        Whether a bar is shown on a terminal.

    Returns
    -------
    Path
        Table ``cohort.csv``. Beside it: ``cohort.json`` (classes, cohorts, version of the index, rule, date), ``manifest.csv`` (bytes,
        MD5 of the bucket and SHA-256 of every file), ``LICENCES.md`` and ``series/<SeriesInstanceUID>/``. The table is written last:
        where it stands, everything was there.

    Raises
    ------
    UsageError
        When a cohort is unknown, labels are missing, the disk is too small, there is no network, or files differ from their checksums
        or from the number in the index.
    """
    names = [cohorts] if isinstance(cohorts, str) else list(dict.fromkeys(cohorts))
    for name in names or [""]:
        one_of(name, public.catalogue().cohorts, "cohort")
    one_of(prefer, public.PREFER, "preference")
    base = Path(folder)
    table = _table(names, labels, prefer, index)
    manifest = Manifest(base)
    if wrong := manifest.broken():
        raise UsageError(
            f"{len(wrong)} file(s) in {base} differ from manifest.csv: {', '.join(wrong[:5])}; allowed: the bytes that were downloaded; "
            "delete these files and build again"
        )
    wanted = _wanted(table, names, index)
    _room(base, wanted, manifest)
    _download(base, wanted, manifest, Bucket() if source is None else source, progress)
    rows = [_row(base, row) for _, row in table.iterrows()]
    return _write(base, names, table, rows, prefer)


def _table(names: list[str], labels: Path | str | None, prefer: str, index: Path | None) -> pd.DataFrame:
    """Return patients, their series and their classes."""
    known = public.catalogue().cohorts
    if several := [name for name in names if known[name].label is None and labels is None]:
        raise UsageError(
            f"{', '.join(several)} has several classes and the index does not say which patient has which; allowed: a table with the "
            "columns patient and class (labels)"
        )
    parts = [public.patients(name, prefer, index).assign(cohort=name) for name in names]
    table = pd.concat(parts, ignore_index=True)
    table = table[table["usable"]]
    if labels is not None:
        try:
            given = pd.read_csv(labels, dtype=str, keep_default_na=False)
            chosen = dict(zip(given["patient"], given["class"], strict=True))
            if twice := sorted(set(given.loc[given["patient"].duplicated(), "patient"])):
                raise ValueError(f"{', '.join(twice[:5])} more than once")
        except (OSError, ValueError, KeyError) as error:
            raise UsageError(
                f"{labels}: {error}; allowed: CSV with the columns patient and class, each patient once"
            ) from error
        table["class"] = table["patient"].map(chosen).fillna(table["class"])
    table = table[table["class"].notna() & (table["class"] != "")]
    if table.empty:
        raise UsageError(f"no patient of {', '.join(names)} has a class; allowed: labels for at least one")
    return table.reset_index(drop=True)


def _wanted(table: pd.DataFrame, names: list[str], index: Path | None) -> pd.DataFrame:
    """Return bucket, uuid, number of files and MB of every series to download; index: its SeriesInstanceUID."""
    images = table.set_index("series")[["bucket", "uuid", "instances", "size_mb"]]
    parts = [images]
    for name in names:
        lists = table.loc[table["cohort"] == name, "segmentations"]
        uids = sorted({uid for text in lists for uid in text.split(";") if uid})
        found = public.places(uids, name, index).iloc[:, :4]
        parts.append(found.set_axis(images.columns, axis=1))
    return pd.concat(parts)


def _room(base: Path, wanted: pd.DataFrame, manifest: Manifest) -> None:
    """Refuse a download that does not fit on the disk."""
    place = next(folder for folder in (base.absolute(), *base.absolute().parents) if folder.exists())
    if not place.is_dir():
        raise UsageError(f"{place} is a file; allowed: a folder")
    need = float(wanted.loc[[uid for uid in wanted.index if uid not in manifest.complete], "size_mb"].sum()) * RESERVE
    free = shutil.disk_usage(place).free / 1e6
    if need > free:
        raise UsageError(
            f"{need:.0f} MB are to be downloaded and {free:.0f} MB are free in {place}; allowed: a larger disk"
        )


def _download(base: Path, wanted: pd.DataFrame, manifest: Manifest, source: Source, progress: bool) -> None:
    """Download what is not there yet, series by series."""
    missing = wanted[[uid not in manifest.complete for uid in wanted.index]]
    total = int(float(missing["size_mb"].sum()) * 1e6)
    bar = tqdm(total=total, unit="B", unit_scale=True, desc="download", disable=None if progress else True)
    with bar, ThreadPoolExecutor(WORKERS) as pool:
        for done, (uid, row) in enumerate(missing.iterrows()):
            target = base / "series" / str(uid)
            try:
                remote = source.listing(str(row["bucket"]), str(row["uuid"]))
                if len(remote) != int(row["instances"]):
                    raise UsageError(
                        f"series {uid} has {len(remote)} files in the bucket; allowed: {int(row['instances'])} as the index says"
                    )
                target.mkdir(parents=True, exist_ok=True)
                jobs = [pool.submit(_one, source, row, file, target / file.name) for file in remote]
                entries = []
                for file, job in zip(remote, jobs, strict=True):
                    entries.append((file, job.result()))
                    bar.update(file.size)
            except Offline as error:
                pool.shutdown(cancel_futures=True)
                raise UsageError(
                    f"{error}; {len(wanted) - len(missing) + done} of {len(wanted)} series are there already, build again to go on"
                ) from error
            manifest.add(str(uid), entries)


def _one(source: Source, row: Any, file: Remote, path: Path) -> str:
    """Download one file unless it is there whole, and return its SHA-256; nothing half-written bears its name."""
    if file.md5 and path.is_file() and path.stat().st_size == file.size and digest(path, "md5") == file.md5:
        return digest(path)
    part = path.with_name(f".{path.name}.part")
    source.fetch(str(row["bucket"]), str(row["uuid"]), file, part)
    size = part.stat().st_size
    found = digest(part, "md5") if file.md5 else ""
    if size != file.size or found != file.md5:
        part.unlink()
        what = f"{size} bytes" if size != file.size else f"MD5 {found}"
        raise UsageError(
            f"{path} has {what}; allowed: {file.size} bytes, MD5 {file.md5 or 'not stated'}; build again to go on"
        )
    part.replace(path)
    return digest(path)


def _row(base: Path, row: Any) -> dict[str, str]:
    """Return the row of ``cohort.csv``: the first segmentation that says it was drawn on the chosen series."""
    mask = ""
    for uid in filter(None, row["segmentations"].split(";")):
        file = next(iter(sorted((base / "series" / uid).glob("*.dcm"))))
        if row["series"] in referenced_series(file):
            mask = file.relative_to(base).as_posix()
            break
    facts = [row["patient"], row["class"], f"series/{row['series']}", mask, "", row["manufacturer"]]
    return dict(zip(COLUMNS, facts, strict=True))


def _write(base: Path, names: list[str], table: pd.DataFrame, rows: list[dict[str, str]], prefer: str) -> Path:
    """Write licences, facts and, last, the table."""
    facts = {
        "classes": sorted(set(table["class"])),
        "cohorts": names,
        "index": f"idc-index-data {public.index_version()}",
        "prefer": prefer,
        "built": datetime.now(UTC).date().isoformat(),
        "patients": len(rows),
        "segmented": sum(bool(row["segmentation"]) for row in rows),
    }
    files.write(base / LICENCES, licences(names).encode())
    files.write(base / FACTS, (json.dumps(facts, indent=1) + "\n").encode())
    files.write(
        base / TABLE, pd.DataFrame(rows, columns=list(COLUMNS)).to_csv(index=False, lineterminator="\n").encode()
    )
    return base / TABLE


def licences(names: Sequence[str]) -> str:
    """Return the licences and citations of cohorts and of the segmentations that may come with them, as Markdown."""
    known = public.catalogue()
    lines = ["# Licences and citations", "", f"Source: {known.source}.", ""]
    for name in names:
        one = known.cohorts[name]
        lines += [
            f"## {name}",
            "",
            f"{one.title}. Licence: {one.licence}. DOI: {one.doi}.",
            "",
            one.citation,
            "",
            one.note,
            "",
        ]
    for each in known.segmentations:
        lines += [
            f"## Segmentations: {each.title}",
            "",
            f"Licence: {each.licence}. DOI: {each.doi}.",
            "",
            each.citation,
            "",
        ]
    return "\n".join(lines)
