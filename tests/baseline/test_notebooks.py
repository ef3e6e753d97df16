"""Every experiment's notebook from end to end, in its tiny scale, on the CPU, through papermill."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import jupytext
import pytest
from conftest import ROOT, dlrrc

from dlrrc_core.baseline import store
from dlrrc_core.baseline.experiments.runner import module_of
from dlrrc_core.baseline.findings import find
from dlrrc_core.commands.baseline import notebook

EXPERIMENTS = store.experiments(ROOT)
NOT_CHOSEN = {  # parameters of every training that have no meaning here
    "ensemble": {"slices_per_patient"},  # one picture of each patient
    "real-cohort": {"slices_per_patient", "patients", "new_patients", "effect"},  # patients are those that there are
}


def declared(name: str) -> set[str]:
    """Return the names of a notebook's parameters cell."""
    cells = jupytext.read(ROOT / f"notebooks/baseline/{name.replace('-', '_')}.py").cells
    code = next(cell.source for cell in cells if "parameters" in cell.metadata.get("tags", []))
    return {target.id for node in ast.parse(code).body for target in node.targets}


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_notebook_runs_and_its_chapter_has_numbers(name: str, tmp_path: Path) -> None:
    done = dlrrc("baseline", "run", name, "--scale", "tiny", "--processes", "1", "--into", str(tmp_path))
    assert done.returncode == 0, done.stderr
    run = store.read(tmp_path, f"{name}-tiny", EXPERIMENTS[name])
    assert run.record.device == "cpu"
    assert run.record.software["torch"]
    assert run.record.seconds > 0
    assert all(len(table) for table in run.tables.values()) or name == "real-cohort"  # which has no images here
    executed = json.loads(Path(done.stdout.strip()).read_text())
    assert all(cell.get("execution_count") for cell in executed["cells"] if cell["cell_type"] == "code")


@pytest.mark.slow
def test_a_real_kernel_runs_a_notebook(tmp_path: Path) -> None:
    chosen = {**EXPERIMENTS["recipe"].scales["tiny"], "scale": "tiny", "processes": 1, "into": str(tmp_path)}
    path = notebook(ROOT, "recipe", chosen, "nbclient")
    assert path.is_file()
    assert len(store.read(tmp_path, "recipe-tiny", EXPERIMENTS["recipe"]).tables["checklist"]) == 10


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_scales_name_parameters_of_the_notebook(name: str) -> None:
    known = declared(name)
    run = {"scale", "processes", "into"}
    assert run | {"device"} <= known
    assert set(module_of(name).Parameters.model_fields) - NOT_CHOSEN.get(name, set()) == known - run
    for scale, parameters in EXPERIMENTS[name].scales.items():
        assert set(parameters) <= known, scale
    assert {"full", "reduced", "tiny"} <= set(EXPERIMENTS[name].scales)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name == "ensemble" else ()) for name in EXPERIMENTS]
)
def test_the_chapter_reads_the_stored_run(name: str) -> None:
    stored, numbers = find(ROOT, name)
    assert stored.record.scale in ("full", "reduced")
    assert numbers["run"]["id"] == stored.name
    assert len(numbers) > 1
    json.dumps(numbers, allow_nan=False)  # plain values, no NaN


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["leakge"], "unknown experiment 'leakge'; allowed: "),
        (["leakage", "--scale", "huge"], "unknown scale 'huge'; allowed: full, reduced, tiny"),
        (["leakage", "-p", "epoch=3"], "unknown parameter of notebooks/baseline/leakage.py 'epoch'"),
        (["leakage", "-p", "epochs"], "the parameter 'epochs' is not NAME=VALUE"),
        (["leakage", "-p", "epochs=1", "-p", "epochs=2"], "the parameter 'epochs' is given twice; allowed: once"),
        (["leakage", "-p", "scale=full"], "'scale' is no parameter of the experiment here; use --scale"),
        (["leakage", "-p", "epochs=2024-01-01"], "the value of 'epochs=2024-01-01' is date; allowed: a number, a word"),
        (["leakage", "-p", "seeds=&a [*a]"], "the value of 'seeds=&a [*a]' is list; allowed: a number, a word"),
        (
            ["leakage", "--scale", "tiny", "-p", "train=0.8", "-p", "valid=0.3"],
            "train 0.8 and valid 0.3 leave nothing for the test; allowed: together below 1",
        ),
        (["leakage", "--scale", "tiny", "-p", "epochs=0"], "epochs is 0; input should be greater than or equal to 1"),
        (["leakage", "--scale", "tiny", "-p", "network=resnet35"], "unknown network 'resnet35'"),
        (["leakage", "--scale", "tiny", "--device", "cuda:9"], "device 'cuda:9' is not on this machine; allowed: cpu"),
        (
            ["recipe", "--scale", "tiny", "-p", "data=nowhere"],
            "nowhere/cohort.csv does not exist; allowed: a folder built by",
        ),
    ],
)
def test_wrong_words_have_one_message(words: list[str], message: str, tmp_path: Path) -> None:
    done = dlrrc("baseline", "run", *words, "--processes", "1", "--into", str(tmp_path))
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_other_parameters_never_replace_the_run_of_a_chapter() -> None:
    done = dlrrc("baseline", "run", "leakage", "--scale", "tiny", "-p", "effects=[0.5]")
    assert done.returncode == 2
    assert "would replace the stored one that the chapter reads; add --into FOLDER" in done.stderr


@pytest.mark.slow
def test_a_place_that_cannot_be_written_is_refused_before_the_work(tmp_path: Path) -> None:
    taken = tmp_path / "file"
    taken.write_text("")
    done = dlrrc("baseline", "run", "recipe", "--scale", "tiny", "--into", str(taken / "below"))
    assert done.returncode == 2
    assert f"{taken} is no folder that can be written" in done.stderr
    assert len(done.stderr.splitlines()) == 1
