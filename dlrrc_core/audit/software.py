"""Software that a paper names: whether the release exists, whether it did at the time, and whether the parts fit."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from packaging.version import InvalidVersion, Version

from dlrrc_core.audit import software_tables
from dlrrc_core.audit.software_tables import Build, Release, Tables
from dlrrc_core.problems import UsageError

OK, NONE, LATER, UNFIT, UNKNOWN = "ok", "no such release", "released after the paper", "does not fit", "unknown"
ALIASES = {"torch": "pytorch", "tf": "tensorflow", "cuda toolkit": "cuda", "cudatoolkit": "cuda", "tf.keras": "keras"}
PAIRS = (  # product, part that it is built for
    *(
        (product, part)
        for product in ("tensorflow", "tensorflow-gpu", "pytorch")
        for part in ("python", "cuda", "cudnn")
    ),
    ("torchvision", "pytorch"),
    ("torchvision", "python"),
    ("cudnn", "cuda"),
)
# From CUDA 11 on, a newer minor release runs what an older one of the same major was built for
# (docs.nvidia.com/deploy/cuda-compatibility, "minor version compatibility"); from cuDNN 7 on, likewise (NVIDIA's cuDNN
# documentation: minor releases beginning with cuDNN 7 are binary backward-compatible).
CUDA_KEEPS_MINOR, CUDNN_KEEPS_MINOR = 11, 7
WHEEL_BRINGS_CUDA = "; a PyTorch package brings its own CUDA and cuDNN, so the printed one may be that of the machine"


@dataclass(frozen=True)
class Finding:
    """What the tables say about one claim or one pair of claims.

    Attributes
    ----------
    about : str
        The claim (``tensorflow 2.4.12``) or the pair (``tensorflow 2.4 with cuda 11.0``).
    verdict : str
        ``ok``, ``no such release``, ``released after the paper``, ``does not fit`` or ``unknown``.
    message : str
        In plain words.
    rows : tuple of str
        The lines of the tables that it rests on, each with its source and the day of retrieval.
    """

    about: str
    verdict: str
    message: str
    rows: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Claim:
    product: str
    text: str
    version: Version | None = None

    def __str__(self) -> str:
        return f"{self.product} {self.version.public if self.version else self.text}"


def check_software(
    claims: Mapping[str, object], when: date | str | None = None, folder: Path | None = None
) -> tuple[Finding, ...]:
    """Check the versions that a paper states against the dated tables.

    Parameters
    ----------
    claims : mapping of str to object
        Product and version as printed, such as ``{"tensorflow": "1.8", "cuda": "9.0", "python": "3.6"}``. A series
        matches each of its releases; ``==1.8`` is read as 1.8; a missing version, or one with ``>=``, gives ``unknown``.
    when : date or str, optional
        Day of the paper, as a date, ``YYYY-MM-DD``, ``YYYY-MM`` or ``YYYY`` (the last day of it counts); without one,
        only the existence and the fit are checked.
    folder : Path, optional
        Folder of the tables; by default ``data/audit`` of the checkout.

    Returns
    -------
    tuple of Finding
        One for each claim in its order, then one for each pair of claims that belongs together.

    Raises
    ------
    UsageError
        When the day cannot be read.
    DataError
        When a table is missing or broken.

    Notes
    -----
    Versions are compared by :mod:`packaging.version`. A pair fits when a tested or published build names it; the tables do
    not know builds that someone made from source. A CUDA printed beside PyTorch may be the machine's, so a pair that is not
    listed is ``unknown`` unless the package name itself says it (``+cu113``). The build reads the tables only, no network.
    """
    tables = software_tables.load(folder or software_tables.FOLDER)
    day = _last_day(when)
    claimed = [_read(name, value) for name, value in claims.items()]
    read = {claim.product: claim for claim in claimed}
    found = [_existence(claim, day, tables) for claim in claimed]
    for product, part in PAIRS:
        first, second, printed = read.get(product), read.get(part), read.get(part)
        if part == "cuda":
            second = _bundled(read, product)
        if first and first.version and second and second.version:
            found.append(_fit(first, second, tables))
            if printed and printed.version and not _prefix(printed.version.release, second.version.release):
                about = f"{first} with {printed}"
                found.append(
                    Finding(about, UNKNOWN, f"its name says {second}, printed is {printed}{WHEEL_BRINGS_CUDA}")
                )
    return tuple(found)


def _read(name: str, value: object) -> _Claim:
    product = ALIASES.get(name.strip().lower(), name.strip().lower())
    text = str(value).strip()
    try:
        return _Claim(product, text, Version(re.sub(r"^={1,3}\s*", "", text)))
    except InvalidVersion:
        return _Claim(product, text)


def _bundled(read: Mapping[str, _Claim], product: str) -> _Claim | None:
    """Return the CUDA of a product: that of its own package name (``+cu113``) before the one printed beside it."""
    version = read[product].version if product in read else None
    tag = re.fullmatch(r"cu(\d+)(\d)", version.local or "") if version else None
    return _Claim("cuda", tag[0], Version(f"{tag[1]}.{tag[2]}")) if tag else read.get("cuda")


def _last_day(when: date | str | None) -> date | None:
    if when is None or isinstance(when, date):
        return when
    match = re.fullmatch(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?", when.strip())
    try:
        if match is None:
            raise ValueError
        year, month = int(match[1]), int(match[2] or 12)
        return date(year, month, int(match[3] or calendar.monthrange(year, month)[1]))
    except (ValueError, calendar.IllegalMonthError):
        raise UsageError(f"the day is '{when}'; allowed: YYYY-MM-DD, YYYY-MM or YYYY") from None


def _existence(claim: _Claim, day: date | None, tables: Tables) -> Finding:
    known, about = tables.of(claim.product), str(claim)
    if claim.version is None:
        return Finding(about, UNKNOWN, f"'{claim.text}' is no single version, so nothing can be compared")
    if not known:
        return Finding(about, UNKNOWN, f"no table of releases of {claim.product}")
    same = [release for release in known if _same_release(claim.version, release)]
    final = [release for release in same if not release.version.is_prerelease] or same
    if not final:
        return _absent(claim, known)
    dated = [release for release in final if release.day]
    first = min(dated, key=lambda release: release.day or date.max) if dated else final[0]
    rows = (first.row,)
    if first.day is None:
        if day and first.exists_by and first.exists_by <= day:
            return Finding(about, OK, f"{about} existed by {first.exists_by}, before the paper of {day}", rows)
        return Finding(about, OK if day is None else UNKNOWN, f"{about} exists; the table has no day for it", rows)
    if day and first.day > day:
        return Finding(about, LATER, f"{about} was released on {first.day}, after the paper of {day}", rows)
    return Finding(
        about, OK, f"{about} exists; first released {first.day}" + (f", paper of {day}" if day else ""), rows
    )


def _absent(claim: _Claim, known: tuple[Release, ...]) -> Finding:
    """Say that no release matches: only within what the table covers, and by series where it does not list every one."""
    about, version = str(claim), claim.version
    assert version is not None  # the caller has looked
    series = [release for release in known if release.version.release[:2] == version.release[:2]]
    complete = any(release.complete for release in known)
    if not known[0].version <= version <= known[-1].version:
        span = f"{known[0].version} to {known[-1].version}"
        return Finding(about, UNKNOWN, f"{about} is outside the table, which has {span}", (known[-1].row,))
    if series and (not complete or version.is_prerelease or version.is_postrelease):
        return Finding(
            about, UNKNOWN, f"the table has this series, but not every release of it ({about})", (series[0].row,)
        )
    near = series or [max((r for r in known if r.version < version), key=lambda r: r.version)]
    names = ", ".join(str(release.version) for release in near if not release.version.is_prerelease)
    message = f"the table has no {about}; it has {names} (a release that was taken down would be missing, too)"
    message += "; check the publisher's copy"
    return Finding(about, NONE, message, tuple(release.row for release in near))


def _fit(first: _Claim, second: _Claim, tables: Tables) -> Finding:
    """Compare two claims with what was tested or built."""
    about = f"{first} with {second}"
    series = "tensorflow" if first.product == "tensorflow-gpu" else first.product
    assert first.version is not None  # the caller has looked
    assert second.version is not None
    options, rows = _options(first, second.product, series, tables)
    if not options:
        return Finding(about, UNKNOWN, f"no table says which {second.product} {first} was built for")
    listed = ", ".join(dict.fromkeys(options))
    if any(_in(second.version, option) for option in options) or _newer_cudnn(second, options):
        return Finding(about, OK, f"for {first} the tables list {second.product} {listed}", rows)
    same_major = {option.split(".")[0] for option in options} & {str(second.version.major)}
    if second.product == "cuda" and series == "tensorflow" and same_major and second.version.major >= CUDA_KEEPS_MINOR:
        return Finding(about, UNKNOWN, f"tested with CUDA {listed}; another of the same major release may work", rows)
    message = f"for {first} the tables list {second.product} {listed}, not {second.version.public}"
    if series == "pytorch" and second.product in ("cuda", "cudnn") and not second.text.startswith("cu"):
        return Finding(about, UNKNOWN, f"{message}{WHEEL_BRINGS_CUDA}", rows)
    return Finding(about, UNFIT, f"{message}; a build from source is not excluded; check the publisher's copy", rows)


def _options(first: _Claim, part: str, series: str, tables: Tables) -> tuple[list[str], tuple[str, ...]]:
    """Return the versions of a part that a claimed release goes with, and their rows."""
    assert first.version is not None  # the caller has looked
    files = [r for r in tables.of(first.product) if _same_release(first.version, r) and not r.version.is_prerelease]
    if part == "python" and any(release.python for release in files):
        return [tag for r in files for tag in r.python], tuple(r.row for r in files if r.python)[:3]
    builds: Iterable[Build] = (b for b in tables.builds if b.product == series and b.part == part)
    used = [b for b in builds if _prefix(first.version.release, Version(b.version).release)]
    return [option for build in used for option in build.options], tuple(build.row for build in used)


def _same_release(version: Version, release: Release) -> bool:
    """Tell whether a claim names a release; a series names all of its releases, a build number its release."""
    if version.is_prerelease or version.is_postrelease:
        return Version(version.public) == release.version
    claimed, known = version.release, release.version.release
    return claimed == known[: len(claimed)] or (
        known == claimed[: len(known)] and (not release.complete or not any(claimed[len(known) :]))
    )


def _prefix(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    return all(x == y for x, y in zip(a, b, strict=False))


def _in(version: Version, option: str) -> bool:
    """Tell whether a version belongs to a series (11.2) or a range of series (3.6-3.9)."""
    low, _, high = option.partition("-")
    if not high:
        return _prefix(version.release, Version(low).release)
    return Version(low).release <= version.release[:2] <= Version(high).release


def _newer_cudnn(claim: _Claim, options: list[str]) -> bool:
    """Tell whether cuDNN is a newer minor release of the same major one that a product was built for."""
    assert claim.version is not None  # the caller has looked
    if claim.product != "cudnn" or claim.version.major < CUDNN_KEEPS_MINOR or len(claim.version.release) < 2:
        return False
    built = (Version(option) for option in options)
    return any(v.major == claim.version.major and v.release[:2] <= claim.version.release[:2] for v in built)
