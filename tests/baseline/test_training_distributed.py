"""Two processes train one model: with torchrun, Gloo, and no address to look up."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from trainingkit import made, settings

from dlrrc_core.baseline.training import Settings, fit, load_model, predict, save, split
from dlrrc_core.baseline.training.distributed import main, read_settings
from dlrrc_core.problems import UsageError


def torchrun(folder: Path, chosen: Settings) -> subprocess.CompletedProcess[str]:
    """Train in two processes on this machine."""
    (folder / "settings.json").write_text(chosen.model_dump_json())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [
        *(sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", "--nnodes", "1"),
        *("--master_addr", "127.0.0.1", "--master_port", str(port), "-m", "dlrrc_core.baseline.training.distributed"),
        *(
            "--settings",
            str(folder / "settings.json"),
            "--data",
            str(folder / "slices.npz"),
            "--folder",
            str(folder / "out"),
        ),
    ]
    env = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "GLOO_SOCKET_IFNAME": "lo",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    return subprocess.run(words, env=env, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.slow
def test_two_processes_learn_what_one_does(tmp_path: Path) -> None:
    slices = made(8, 4)
    save(slices, tmp_path / "slices.npz")
    # without batch normalisation by process and without dropout (ResNet has none), both are the same arithmetic
    chosen = settings(
        network="resnet18",
        batch_norm="frozen",
        split="patient",
        train=0.75,
        valid=0.25,
        learning_rate=1e-4,
        optimiser="sgd",
    )
    done = torchrun(tmp_path, chosen)
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "out" / "record.json").read_text())
    first, second = record["weights_by_process"]
    assert first == second == record["weights_sha256"]
    assert record["hardware"]["processes"] == 2
    train, valid = split(slices, "patient", (0.75, 0.25), chosen.seed)
    alone = fit(slices.select(train), slices.select(valid), chosen, tmp_path / "alone")
    for two, one in zip(record["history"], alone.history, strict=True):
        for name in ("train_loss", "valid_loss", "train_accuracy", "valid_accuracy"):
            # sums in another order; worst difference seen 6e-8 (with batch normalisation by process: 6e-2)
            assert two[name] == pytest.approx(one[name], rel=1e-5)
    model, _, classes = load_model(tmp_path / "out" / "model.pt")
    assert classes == slices.classes
    np.testing.assert_allclose(predict(model, slices, chosen), predict(alone.model, slices, chosen), atol=1e-4)
    again = torchrun(tmp_path, chosen.changed(epochs=3))  # a checkpoint of another training stops both
    assert again.returncode != 0
    assert "epochs was 2, now 3" in again.stderr


def test_settings_are_read_from_json(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text('{"epochs": 3}')
    assert read_settings(path) == Settings(epochs=3)
    for text, message in (("{", "is no JSON"), ("[1]", "holds list"), ('{"epoch": 3}', "did you mean 'epochs'")):
        path.write_text(text)
        with pytest.raises(UsageError, match=message):
            read_settings(path)
    with pytest.raises(UsageError, match="there is no file"):
        read_settings(tmp_path / "none.json")


def test_without_torchrun_it_says_how_to_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("RANK", raising=False)
    words = ["--settings", str(tmp_path / "s"), "--data", str(tmp_path / "d"), "--folder", str(tmp_path / "f")]
    assert main(words) == 2
    assert "torch.distributed.run" in capsys.readouterr().err
    assert not torch.distributed.is_initialized()
