"""A training that was killed and is continued ends as if nothing had happened."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from trainingkit import apart, little, same_but_time, settings

from dlrrc_core.baseline import networks
from dlrrc_core.baseline.training import Settings, checkpoint, fit
from dlrrc_core.baseline.training.model import digest
from dlrrc_core.problems import UsageError

# 18 images in 2 variants, batches of at most 8: 5 steps an epoch, so a checkpoint every 2 steps is inside the epoch; with dropout and cosine
CHOSEN = {"network": "mobilenetv2", "epochs": 3, "checkpoint_steps": 2, "schedule": "cosine", "patience": None}
# The child trains until it reaches the stated step of the stated epoch, says so by a file, and waits to be killed.
CHILD = """
import sys, time
from pathlib import Path
import torch
torch.set_num_threads(1)
sys.path.insert(0, sys.argv[1])
from trainingkit import apart, settings
from dlrrc_core import files
from dlrrc_core.baseline.training import fit
from dlrrc_core.baseline.training.trainer import Trainer
from test_training_resume import CHOSEN
folder, where = Path(sys.argv[2]), sys.argv[3]
def wait():
    (folder / "ready").write_text("")
    time.sleep(600)
learn, save = Trainer._learn, Trainer._save
def learning(self, order):
    learn(self, order)
    if where == "step" and len(self.history) == 1 and self.step == 2:  # step 3 of epoch 2, a step after a checkpoint
        wait()
def half(path, content):  # a kill in the middle of writing
    path.with_name(f".{path.name}.1.tmp").write_bytes(content[: len(content) // 2])
    wait()
def saving(self, epoch, step):
    if where == "write" and epoch == 2 and step == 4:
        files.write = half
    save(self, epoch, step)
Trainer._learn, Trainer._save = learning, saving
fit(*apart(), settings(**CHOSEN), folder / "run")
"""


def killed(folder: Path, where: str) -> None:
    """Train in a process of its own and kill it at the stated place."""
    words = [sys.executable, "-c", CHILD, str(Path(__file__).parent), str(folder), where]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as child:
        try:
            deadline = time.monotonic() + 60
            while not (folder / "ready").exists() and child.poll() is None and time.monotonic() < deadline:
                time.sleep(0.02)
            assert child.poll() is None, child.stderr.read()
        finally:
            child.kill()
        assert child.wait(10) == -signal.SIGKILL
    assert (folder / "ready").exists()


@pytest.mark.parametrize(("where", "steps"), [("step", 2), ("write", 2)])
def test_a_killed_training_resumes_to_the_same_bits(tmp_path: Path, where: str, steps: int) -> None:
    train, valid = apart()
    whole = fit(train, valid, settings(**CHOSEN), tmp_path / "whole")
    killed(tmp_path, where)
    path = tmp_path / "run" / checkpoint.NAME
    held = torch.load(path, weights_only=True)["state"]
    assert (len(held["history"]), held["step"]) == (1, steps)  # inside epoch 2
    rows: list[dict[str, object]] = []
    resumed = fit(train, valid, settings(**CHOSEN), tmp_path / "run", on_epoch=rows.append)
    assert [row["epoch"] for row in rows] == [2, 3]
    assert same_but_time(resumed.history, whole.history)
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[name]), name
    assert digest(whole.model) == digest(resumed.model)
    assert not list((tmp_path / "run").glob(".*"))  # the half-written file is gone


@pytest.fixture
def _little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "build", little)


@pytest.mark.usefixtures("_little")
@pytest.mark.parametrize("changes", [{}, {"optimiser": "sgd"}, {"schedule": "plateau"}, {"precision": "bf16"}])
def test_resuming_after_any_step_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, object]
) -> None:
    train, valid = apart()
    chosen = settings(**{"epochs": 2, "checkpoint_steps": 1, **changes})
    stages: list[bytes] = []
    write = checkpoint.files.write
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint.files, "write", lambda path, content: (stages.append(content), write(path, content)))
        whole = fit(train, valid, chosen, tmp_path / "whole")
    assert len(stages) == 10  # four inside each epoch, one after it
    for number in (0, 3, 4, 6, 9):
        place = tmp_path / str(number)
        place.mkdir()
        (place / checkpoint.NAME).write_bytes(stages[number])
        resumed = fit(train, valid, chosen, place)
        assert digest(resumed.model) == digest(whole.model)
        assert same_but_time(resumed.history, whole.history)


@pytest.mark.usefixtures("_little")
def test_a_finished_training_is_returned_and_can_be_overwritten(tmp_path: Path) -> None:
    train, valid = apart()
    first = fit(train, valid, settings(), tmp_path / "run")
    again = fit(train, valid, settings(checkpoint_steps=3), tmp_path / "run")  # how often it is kept changes no result
    assert again.history == first.history
    assert digest(again.model) == digest(first.model)
    fresh = fit(train, valid, settings(seed=2), tmp_path / "run", resume=False)
    assert digest(fresh.model) != digest(first.model)
    assert not (
        fit(train, valid, settings(checkpoint_epochs=0), tmp_path / "none"),
        (tmp_path / "none" / checkpoint.NAME).exists(),
    )[1]


@pytest.mark.usefixtures("_little")
@pytest.mark.parametrize(
    ("other", "message"),
    [
        (settings(learning_rate=0.003), "of another training: learning_rate was 0.002, now 0.003; allowed: the same"),
        (settings(epochs=9, seed=3), "epochs was 2, now 9; seed was 1, now 3"),
    ],
)
def test_a_checkpoint_of_other_settings_is_refused(tmp_path: Path, other: Settings, message: str) -> None:
    train, valid = apart()
    fit(train, valid, settings(), tmp_path / "run")
    before = (tmp_path / "run" / checkpoint.NAME).read_bytes()
    with pytest.raises(UsageError, match=message):
        fit(train, valid, other, tmp_path / "run")
    assert (tmp_path / "run" / checkpoint.NAME).read_bytes() == before


@pytest.mark.usefixtures("_little")
def test_a_checkpoint_of_other_data_or_a_broken_one_is_refused(tmp_path: Path) -> None:
    train, valid = apart()
    fit(train, valid, settings(), tmp_path / "run")
    changed = train.select(range(len(train)))
    changed.pixels[5, 0, 3, 3] ^= 1
    with pytest.raises(UsageError, match="the training or validation images are others"):
        fit(changed, valid, settings(), tmp_path / "run")
    (tmp_path / "run" / checkpoint.NAME).write_bytes(b"not a checkpoint")
    with pytest.raises(UsageError, match=r"is no checkpoint .*resume=False"):
        fit(train, valid, settings(), tmp_path / "run")


@pytest.mark.usefixtures("_little")
def test_a_checkpoint_runs_no_code(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(tmp_path / "sprung"),)

    (tmp_path / "run").mkdir()
    torch.save({"state": Trap()}, tmp_path / "run" / checkpoint.NAME)
    with pytest.raises(UsageError, match="is no checkpoint"):
        fit(*apart(), settings(), tmp_path / "run")
    assert not (tmp_path / "sprung").exists()
