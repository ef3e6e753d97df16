"""Jobs of an experiment: kept one by one, never done twice, never answered from other parameters."""

from __future__ import annotations

from pathlib import Path

import experimentkit
import pytest

from dlrrc_core.baseline.experiments import grid, leakage
from dlrrc_core.baseline.experiments.grid import KEPT, Outcome, outcomes
from dlrrc_core.baseline.experiments.runner import checked
from dlrrc_core.problems import UsageError

JOBS = [{"seed": seed} for seed in (1, 2, 3)]


def run(folder: Path, **values: object) -> list[int]:
    """Run all jobs in this process and return their values."""
    parameters = experimentkit.Parameters(**values)
    found = list(outcomes("experimentkit", parameters, JOBS, folder, processes=1))
    assert [job for job, _ in found] == JOBS  # in their order
    assert all(outcome.pictures == {"picture": b"\x89PNG"} for _, outcome in found)
    assert all(outcome.facts["note"] == "done" and outcome.facts["seconds"] >= 0 for _, outcome in found)
    return [outcome.tables["rows"][0]["value"] for _, outcome in found]


def calls(folder: Path) -> list[str]:
    """Return the seeds that were worked on, in order."""
    return (folder / "calls.txt").read_text().split()


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parent)


def test_kept_outcomes_are_used_again(tmp_path: Path) -> None:
    assert run(tmp_path) == [2, 4, 6]
    assert run(tmp_path) == [2, 4, 6]
    assert calls(tmp_path) == ["1", "2", "3"]
    kept = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert kept == {KEPT, "calls.txt"}  # checkpoints are gone


def test_a_broken_experiment_goes_on_where_it_was(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="the power went off"):
        run(tmp_path, breaks_at=2)
    assert calls(tmp_path) == ["1", "2"]
    left = [path for path in tmp_path.iterdir() if path.is_dir() and not (path / KEPT).exists()]
    assert [(path / "checkpoint.pt").read_bytes() for path in left] == [
        b"large"
    ]  # the last checkpoint of the broken job stays


def test_other_parameters_are_other_jobs(tmp_path: Path) -> None:
    assert run(tmp_path, factor=2) == [2, 4, 6]
    assert run(tmp_path, factor=5) == [5, 10, 15]
    assert len(calls(tmp_path)) == 6


def test_damaged_outcomes_are_made_again(tmp_path: Path) -> None:
    assert run(tmp_path) == [2, 4, 6]
    damages = (b'{"tables": {"ro', b"{}", b"\xff\xfe")
    for path, damage in zip(sorted(tmp_path.rglob(KEPT)), damages, strict=True):
        path.write_bytes(damage)
    assert run(tmp_path) == [2, 4, 6]
    assert len(calls(tmp_path)) == 6


def test_other_files_are_other_jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    physics = tmp_path / "physics.yaml"
    monkeypatch.setattr(grid, "_files_read", lambda: [physics])
    for text in ("bone: 700", "bone: 777"):
        physics.write_text(text)
        assert run(tmp_path / "jobs") == [2, 4, 6]
    assert len(calls(tmp_path / "jobs")) == 6


def test_files_of_package_and_checkout_count() -> None:
    assert {path.name for path in grid._files_read()} >= {"physics.yaml", "cohorts.yaml"}


def test_other_images_are_other_jobs(tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    for content in ("12 patients", "16 patients, others"):
        (images / "cohort.csv").write_text(content)
        assert run(tmp_path / "jobs", data=str(images)) == [2, 4, 6]
    assert len(calls(tmp_path / "jobs")) == 6


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"seeds": [1, 1], "effects": []}, "effects is empty; allowed: one or more"),
        ({"seeds": [1, 1]}, "seeds has 1 more than once; allowed: each once"),
        ({"seeds": 3}, r"seeds is 3; allowed: a list such as \[1, 2\]"),
        ({"seeds": [True]}, r"seeds is \[True\]; allowed: a number or a word"),
        ({"epochs": True}, "epochs is True; allowed: a number or a word, not true or false"),
        ({"seeds": [0]}, "seeds.0 is 0; input should be greater than or equal to 1"),
    ],
)
def test_lists_and_truth_values(values: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        checked(leakage.Parameters, values)


def test_outcome_survives_its_text() -> None:
    outcome = Outcome({"rows": [{"a": 1, "b": None}]}, {"p": bytes(range(256))}, {"x": [1.5, "y"]})
    assert Outcome.parse(outcome.text()) == outcome


def test_every_wrong_parameter_is_named() -> None:
    with pytest.raises(UsageError) as caught:
        checked(experimentkit.Parameters, {"factr": 3, "breaks_at": "soon"})
    for words in ("unknown setting 'factr'", "did you mean 'factor'", "breaks_at is 'soon'"):
        assert words in str(caught.value)
