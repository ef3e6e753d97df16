"""Stored runs: written whole, read with every problem named, never from another state than the run wrote."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT

from dlrrc_core.baseline import predictions, store
from dlrrc_core.baseline.slices import Slices
from dlrrc_core.problems import DataError, UsageError

ABOUT = store.Experiment(
    id="trial",
    title="Trial",
    question="Does it?",
    tables={"rows": {"seed": "seed", "value": "a value"}},
    pictures={"image": "a picture"},
    scales={"tiny": {}},
)
PROVENANCE = {
    "scale": "tiny",
    "date": "2026-11-21",
    "commit": None,
    "changed": None,
    "device": "cpu",
    "hardware": {"name": "a computer"},
    "software": {"python": "3.11"},
    "parameters": {"seeds": [1, 2]},
    "seconds": 1.5,
}
ROWS = pd.DataFrame({"value": [0.25, None], "seed": [1, 2]})


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a root with one stored run."""
    place = tmp_path / store.EXPERIMENTS
    place.mkdir(parents=True)
    text = "id: trial\ntitle: Trial\nquestion: Does it?\ntables: {rows: {seed: seed, value: a value}}\npictures: {image: a picture}\nscales: {tiny: {}}\n"
    (place / "trial.yaml").write_text(text)
    store.save(tmp_path, ABOUT, PROVENANCE, {"rows": ROWS}, {"image": b"png"})
    return tmp_path


def test_round_trip(home: Path) -> None:
    run = store.read(home, "trial-tiny")
    assert run.about == ABOUT
    assert run.record.parameters == {"seeds": [1, 2]}
    assert list(run.tables["rows"].columns) == ["seed", "value"]  # in the declared order
    assert run.tables["rows"]["value"].tolist()[0] == 0.25
    assert np.isnan(run.tables["rows"]["value"][1])
    assert (run.folder / "image.png").read_bytes() == b"png"
    assert store.best(home, "trial").name == "trial-tiny"
    assert [each.name for each in store.runs(home)] == ["trial-tiny"]


def test_best_is_the_largest(home: Path) -> None:
    store.save(home, ABOUT, {**PROVENANCE, "scale": "reduced"}, {"rows": ROWS}, {"image": b"png"})
    assert store.best(home, "trial").name == "trial-reduced"
    shutil.rmtree(home / store.RUNS)
    assert store.best(home, "trial") is None


def test_changed_files_are_named(home: Path) -> None:
    folder = home / store.RUNS / "trial-tiny"
    (folder / "rows.csv").write_text("seed,value\n1,0.99\n")
    (folder / "image.png").unlink()
    with pytest.raises(DataError) as caught:
        store.read(home, "trial-tiny")
    files = {problem.file for problem in caught.value.problems}
    assert files == {"data/baseline/runs/trial-tiny/rows.csv", "data/baseline/runs/trial-tiny/image.png"}
    assert "run the experiment again" in str(caught.value)


def test_broken_record(home: Path) -> None:
    path = home / store.RUNS / "trial-tiny/run.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, "seconds": "long", "surprise": 1}))
    with pytest.raises(DataError) as caught:
        store.read(home, "trial-tiny")
    assert len(caught.value.problems) == 2
    assert "seconds" in str(caught.value)
    assert "surprise" in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"seed,value\n1,2\n3,4,5,6\n"])
def test_tables_that_are_none_are_named(home: Path, content: bytes) -> None:
    folder = home / store.RUNS / "trial-tiny"
    (folder / "rows.csv").write_bytes(content)
    record = json.loads((folder / "run.json").read_text())
    record["files"]["rows.csv"] = hashlib.sha256(content).hexdigest()
    (folder / "run.json").write_text(json.dumps(record))
    with pytest.raises(DataError, match=r"trial-tiny/rows\.csv:.*no table"):
        store.read(home, "trial-tiny")


def test_a_run_in_the_folder_of_another_is_refused(home: Path) -> None:
    (home / store.RUNS / "trial-tiny").rename(home / store.RUNS / "trial-full")
    with pytest.raises(DataError, match="experiment trial and scale tiny in another folder"):
        store.read(home, "trial-full")


def test_undeclared_tables_write_nothing(tmp_path: Path) -> None:
    wrong = pd.DataFrame({"seed": [1], "vale": [1.0]})
    with pytest.raises(UsageError, match=r"pictures of trial are none.*columns vale, value"):
        store.save(tmp_path, ABOUT, PROVENANCE, {"rows": wrong})
    assert not list(tmp_path.iterdir())


def test_unknown_names_have_the_nearest(home: Path) -> None:
    with pytest.raises(UsageError, match="unknown experiment 'tria'; allowed: trial"):
        store.experiment(home, "tria")
    with pytest.raises(UsageError, match="unknown run 'trial-tny'; allowed: trial-tiny"):
        store.read(home, "trial-tny")


def test_name_of_the_file_is_the_id(home: Path) -> None:
    (home / store.EXPERIMENTS / "trial.yaml").rename(home / store.EXPERIMENTS / "other.yaml")
    with pytest.raises(DataError, match=r"other\.yaml:1.*id is 'trial'.*'other'"):
        store.experiments(home)


def test_every_stored_run_is_whole_and_its_parameters_are_known() -> None:
    runs = store.runs(ROOT)
    assert runs, "no run is stored"
    for run in runs:
        assert run.record.scale in run.about.scales
        assert run.record.software
        assert run.record.hardware
        empty = {name for name, table in run.tables.items() if not len(table)}
        untrained = run.about.id == "real-cohort" and not run.record.parameters["data"]  # no images were there
        assert empty == ({"cohort", "cases", "curves", "checklist"} if untrained else set()), run.name


def test_predictions_round_trip() -> None:
    slices = Slices(
        pixels=np.zeros((5, 1, 4, 4), np.uint8),
        label=np.array([1, 0, 1, 0, 1]),
        patient=np.array(["b", "a", "b", "a", "b"]),
        position=np.array([2.0, 1.0, 0.0, 3.0, 1.0]),
        centre=np.array(["x"] * 5),
        classes=("one", "two"),
    )
    rows = predictions.rows(slices, [[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.6, 0.4], [0.5, 0.5]])
    assert rows == [
        {"patient": "a", "label": 0, "probabilities": "0.2000 0.4000"},
        {"patient": "b", "label": 1, "probabilities": "0.3000 0.5000 0.1000"},
    ]
    found = predictions.images(pd.DataFrame(rows))
    assert found["truth"].tolist() == [0, 0, 1, 1, 1]
    assert found["probability"].tolist() == [0.2, 0.4, 0.3, 0.5, 0.1]
    assert found["slice_order"].tolist() == [0, 1, 0, 1, 2]
    seeded = predictions.images(pd.DataFrame([{**rows[0], "seed": 1}, {**rows[0], "seed": 2}]))
    assert len(set(seeded["patient"])) == 2  # the same id under another seed is another patient
