"""Claims about software against the dated tables, and the making of those tables from a stored record of the index."""

from __future__ import annotations

import csv
import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version
from reference_values import FOLDER as REFERENCE

from dlrrc_core.audit import software_refresh, software_tables
from dlrrc_core.audit.software import check_software
from dlrrc_core.problems import DataError, UsageError

SAMPLE = json.loads((REFERENCE / "pypi-sample.json").read_text(encoding="utf-8"))
INDEX = software_refresh.INDEX


def verdicts(claims: dict[str, object], when: Any = None) -> dict[str, str]:
    return {finding.about: finding.verdict for finding in check_software(claims, when)}


def test_zuo_release_that_is_not_on_the_index() -> None:
    # Zuo et al. (2021) print TensorFlow 2.4.12; https://pypi.org/project/tensorflow/#history has 2.4.0 to 2.4.4
    (found,) = check_software({"tensorflow": "2.4.12"}, "2021-12-01")
    assert found.verdict == "no such release"
    assert "it has 2.4.0, 2.4.1, 2.4.2, 2.4.3, 2.4.4 (" in found.message
    assert found.message.endswith("check the publisher's copy")
    assert all("pypi.org/pypi/tensorflow/json" in row and "retrieved" in row for row in found.rows)
    assert len(found.rows) >= 5


@pytest.mark.parametrize(
    ("claims", "when", "expected"),
    [
        # https://www.tensorflow.org/install/source#gpu: tensorflow_gpu-1.8.0, Python 2.7, 3.3-3.6, cuDNN 7, CUDA 9
        (
            {"tensorflow": "1.8", "cuda": "9.0", "cudnn": "7.0", "python": "3.6"},
            "2018-08",
            {
                "tensorflow 1.8": "ok",
                "cuda 9.0": "ok",
                "cudnn 7.0": "ok",
                "python 3.6": "ok",
                "tensorflow 1.8 with python 3.6": "ok",
                "tensorflow 1.8 with cuda 9.0": "ok",
                "tensorflow 1.8 with cudnn 7.0": "ok",
                "cudnn 7.0 with cuda 9.0": "ok",
            },
        ),
        # the same table: tensorflow_gpu-1.13.1 goes with CUDA 10.0; Python 3.8 came in October 2019
        (
            {"tensorflow-gpu": "==1.13.1", "cuda": "9.0", "python": "3.8"},
            "2019-06-30",
            {
                "tensorflow-gpu 1.13.1": "ok",
                "cuda 9.0": "ok",
                "python 3.8": "released after the paper",
                "tensorflow-gpu 1.13.1 with python 3.8": "does not fit",
                "tensorflow-gpu 1.13.1 with cuda 9.0": "does not fit",
            },
        ),
        # https://pytorch.org/get-started/previous-versions/: v1.13.1 with CUDA 11.6 and 11.7
        (
            {"torch": "1.13.1", "cuda": "10.2"},
            "2023-03",
            {"pytorch 1.13.1": "ok", "cuda 10.2": "ok", "pytorch 1.13.1 with cuda 10.2": "unknown"},
        ),
        ({"torch": "1.13.1+cu102"}, "2023", {"pytorch 1.13.1": "ok", "pytorch 1.13.1 with cuda 10.2": "does not fit"}),
        # the same page: v1.8.0 has +cu111
        ({"pytorch": "1.8.0+cu111"}, "2021-10", {"pytorch 1.8.0": "ok", "pytorch 1.8.0 with cuda 11.1": "ok"}),
        # README of torchvision: 0.13 goes with 1.12
        (
            {"pytorch": "1.12.1", "torchvision": "0.13.1", "cudnn": "8.3"},
            None,
            {
                "pytorch 1.12.1": "ok",
                "torchvision 0.13.1": "ok",
                "cudnn 8.3": "ok",
                "pytorch 1.12.1 with cudnn 8.3": "ok",
                "torchvision 0.13.1 with pytorch 1.12.1": "ok",
            },
        ),
        (
            {"pytorch": "1.12.1", "torchvision": "0.10"},
            None,
            {"pytorch 1.12.1": "ok", "torchvision 0.10": "ok", "torchvision 0.10 with pytorch 1.12.1": "does not fit"},
        ),
        # NVIDIA's archive goes from 12.6 to 12.8, and from cuDNN 7.6 to 8.0
        (
            {"cuda": "12.7", "cudnn": "7.7"},
            None,
            {"cuda 12.7": "no such release", "cudnn 7.7": "no such release", "cudnn 7.7 with cuda 12.7": "unknown"},
        ),
        # TensorFlow 2.6 was tested with CUDA 11.2 and cuDNN 8.1; a newer minor release may work
        (
            {"tensorflow": "2.6", "cuda": "11.4", "cudnn": "8.2"},
            "2022",
            {
                "tensorflow 2.6": "ok",
                "cuda 11.4": "ok",
                "cudnn 8.2": "ok",
                "tensorflow 2.6 with cuda 11.4": "unknown",
                "tensorflow 2.6 with cudnn 8.2": "ok",
                "cudnn 8.2 with cuda 11.4": "ok",
            },
        ),
        # the package name brings the CUDA that it was built for
        (
            {"pytorch": "1.10.1+cu111", "cuda": "11.2"},
            "2024",
            {
                "pytorch 1.10.1": "ok",
                "cuda 11.2": "ok",
                "pytorch 1.10.1 with cuda 11.1": "ok",
                "pytorch 1.10.1 with cuda 11.2": "unknown",
            },
        ),
        (
            {"cuda": "10.2.89", "python": "3.6.8", "cudnn": "7.6.5.32"},
            "2021",
            {
                "cuda 10.2.89": "ok",
                "python 3.6.8": "ok",
                "cudnn 7.6.5.32": "ok",
                "cudnn 7.6.5.32 with cuda 10.2.89": "ok",
            },
        ),
        ({"cuda": "10.1.168"}, "2021", {"cuda 10.1.168": "unknown"}),  # the table has no update 1
        ({"pytorch": "0.4.1"}, "2019", {"pytorch 0.4.1": "unknown"}),  # known release, no day in the table
        ({"pytorch": "0.4.1"}, None, {"pytorch 0.4.1": "ok"}),
        ({"tensorflow": "99"}, None, {"tensorflow 99": "unknown"}),  # newer than the table
        ({"scipy": "1.1.0"}, None, {"scipy 1.1.0": "unknown"}),
        (
            {"keras": "no version", "pytorch": ">= 1.0.1", "tensorflow": None, "python": ""},
            "2020",
            {
                "keras no version": "unknown",
                "pytorch >= 1.0.1": "unknown",
                "tensorflow None": "unknown",
                "python ": "unknown",
            },
        ),
        ({"tensorflow": "2.4.0rc1"}, "2021", {"tensorflow 2.4.0rc1": "unknown"}),  # the index has no candidates of 2020
        ({"tensorflow": "2.22.0rc0"}, "2021", {"tensorflow 2.22.0rc0": "released after the paper"}),
        ({"pytorch": "1.0.1.post9"}, "2021", {"pytorch 1.0.1.post9": "unknown"}),
        ({}, None, {}),
    ],
)
def test_claims(claims: dict[str, object], when: Any, expected: dict[str, str]) -> None:
    assert verdicts(claims, when) == expected


@pytest.mark.parametrize(
    ("when", "verdict"),
    # TensorFlow 2.4.0: 14 December 2020 (https://pypi.org/project/tensorflow/2.4.0/)
    [
        ("2020-12-13", "released after the paper"),
        ("2020-12-14", "ok"),
        ("2020-11", "released after the paper"),
        ("2020-12", "ok"),
        ("2020", "ok"),
        (date(2020, 12, 13), "released after the paper"),
        (None, "ok"),
    ],
)
def test_day_of_the_paper(when: Any, verdict: str) -> None:
    assert verdicts({"tensorflow": "2.4"}, when) == {"tensorflow 2.4": verdict}


@pytest.mark.parametrize("when", ["yesterday", "2020-13", "2020-02-30", "20", ""])
def test_days_that_cannot_be_read(when: str) -> None:
    with pytest.raises(UsageError, match="allowed: YYYY-MM-DD"):
        check_software({"tensorflow": "2.4"}, when)


@given(st.sampled_from([r for r in software_tables.load().releases if r.day]))
def test_every_release_exists_on_its_own_day_and_not_before(release: software_tables.Release) -> None:
    claim = {release.product: str(release.version)}
    assert release.day is not None
    (found,) = check_software(claim, date(2100, 1, 1))
    assert found.verdict == "ok"
    (early,) = check_software(claim, date(1990, 1, 1))
    assert early.verdict == "released after the paper"


@given(
    st.dictionaries(st.sampled_from(["tensorflow", "torch", "cuda", "cudnn", "python", "keras"]), st.text(max_size=12))
)
def test_any_text_gives_one_finding_for_each_claim(claims: dict[str, object]) -> None:
    found = check_software(claims, "2020")
    assert len([finding for finding in found if " with " not in finding.about]) == len(claims)
    assert {finding.verdict for finding in found} <= {
        "ok", "no such release", "released after the paper", "does not fit", "unknown"
    }  # fmt: skip


def test_every_row_has_a_source_and_a_day() -> None:
    for name in (*software_tables.REQUIRED, "hardware.csv"):
        with (software_tables.FOLDER / name).open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert rows
        assert all(row["source"].startswith("http") for row in rows), name
        assert all(date.fromisoformat(row["retrieved"]) for row in rows), name


def test_broken_tables_are_all_reported(tmp_path: Path) -> None:
    for name in software_tables.REQUIRED:
        shutil.copy(software_tables.FOLDER / name, tmp_path)
    (tmp_path / "builds-pypi.csv").unlink()
    (tmp_path / "builds-tested.csv").write_text("product,version\n", encoding="utf-8")
    with (tmp_path / "releases-other.csv").open("a", encoding="utf-8") as file:
        file.write("cuda,eleven,,,https://x,2026-11-21,\ncuda,11.0,2020-15,,https://x,2026-11-21,\ncuda,1\n")
    with pytest.raises(DataError) as caught:
        software_tables.load(tmp_path)
    text = str(caught.value)
    for part in (
        "builds-pypi.csv: cannot be read",
        "columns are missing",
        "eleven",
        "month must be",
        "number of cells",
    ):
        assert part in text


# -- making the tables


def answers(url: str) -> bytes:
    """Stand in for the index: its stored record of torch, and empty ones for all other packages."""
    if url == f"{INDEX}/torch/json":
        odd = {"not-a-version": SAMPLE["releases"]["1.0.0"], "0.9.0": []}
        return json.dumps({"releases": {**SAMPLE["releases"], **odd}}).encode()
    if url.endswith(".metadata"):
        return str(SAMPLE["metadata_1.13.1"]).encode()
    return b'{"releases": {}}'


def test_rows_from_a_stored_record() -> None:
    rows = software_refresh.release_rows({"releases": SAMPLE["releases"]}, "torch", "2026-11-21")
    # days and Python versions as shown at https://pypi.org/project/torch/#history
    assert [(row["version"], row["date"], row["python"]) for row in rows] == [
        ("1.0.0", "2018-12-07", "2.7 3.5 3.6 3.7"),
        ("1.10.2", "2022-01-27", "3.6 3.7 3.8 3.9 3.10"),
        ("1.13.1", "2022-12-15", "3.7 3.8 3.9 3.10 3.11"),
    ]


def test_cuda_of_a_stored_record() -> None:
    rows = software_refresh.build_rows(SAMPLE["metadata_1.13.1"], "torch", "1.13.1", "https://x", "2026-11-21")
    assert [(row["part"], row["part_version"]) for row in rows] == [("cuda", "11.7.99"), ("cudnn", "8.5.0.96")]
    newer = "Requires-Dist: cuda-toolkit[cudart,cublas]==13.0.2; platform_system == 'Linux'\nnvidia-cudnn-cu13==9.1\n"
    rows = software_refresh.build_rows(newer, "torch", "2.13.0", "https://x", "2026-11-21")
    assert [(row["part"], row["part_version"]) for row in rows] == [("cuda", "13.0.2")]


def test_refresh_writes_both_tables(tmp_path: Path) -> None:
    written = software_refresh.refresh(tmp_path, answers, date(2026, 11, 21))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["builds-pypi.csv", "releases-pypi.csv"]
    assert {path.name for path in written} == {"builds-pypi.csv", "releases-pypi.csv"}
    releases = (tmp_path / "releases-pypi.csv").read_text(encoding="utf-8").splitlines()
    assert len(releases) == 4
    assert releases[1] == "pytorch,torch,1.0.0,2018-12-07,2.7 3.5 3.6 3.7,https://pypi.org/pypi/torch/json,2026-11-21"
    builds = (tmp_path / "builds-pypi.csv").read_text(encoding="utf-8").splitlines()
    assert builds[1] == "pytorch,1.13.1,cuda,11.7.99,https://pypi.org/project/torch/1.13.1/#files,2026-11-21"


@pytest.mark.parametrize("answer", [b"<html>", b"[]", b'{"releases": {"1.0": [{}]}}', b'{"other": 1}'])
def test_refresh_leaves_everything_when_the_index_changed(tmp_path: Path, answer: bytes) -> None:
    (tmp_path / "releases-pypi.csv").write_text("old", encoding="utf-8")
    with pytest.raises(UsageError, match="nothing was changed"):
        software_refresh.refresh(tmp_path, lambda url: answer if "keras" in url else answers(url))
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("releases-pypi.csv", "old")]


def test_refresh_without_a_network(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        software_refresh.refresh(tmp_path, lambda url: software_refresh.fetch("http://127.0.0.1:9/" + url[-4:]))
    assert list(tmp_path.iterdir()) == []


def test_refresh_goes_on_without_the_metadata_of_a_release(tmp_path: Path) -> None:
    def get(url: str) -> bytes:
        if url.endswith(".metadata"):
            raise software_refresh.MissingPageError("none")
        return answers(url)

    software_refresh.refresh(tmp_path, get)
    assert (tmp_path / "builds-pypi.csv").read_text().count("\n") == 1


def test_shipped_table_is_in_the_order_of_versions() -> None:
    for product in ("tensorflow", "pytorch", "cuda", "cudnn"):
        versions = [release.version for release in software_tables.load().of(product)]
        assert versions == sorted(versions)
        assert Version("1.0") < versions[-1]
