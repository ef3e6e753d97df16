"""Whatever goes wrong in a training: one clear message, and the last checkpoint stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from trainingkit import apart, little, made, settings, volumes

from dlrrc_core.baseline import networks
from dlrrc_core.baseline.slices import Slices
from dlrrc_core.baseline.training import TrainingError, Volumes, fit, load, load_model, predict
from dlrrc_core.baseline.training.checkpoint import NAME
from dlrrc_core.baseline.training.model import Classifier
from dlrrc_core.baseline.training.trainer import Trainer
from dlrrc_core.problems import UsageError


@pytest.fixture(autouse=True)
def _little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "build", little)


def test_a_loss_that_is_not_finite_keeps_the_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train, valid = apart()  # 18 images, 2 variants, batches of at most 8: 5 steps an epoch
    forward, calls = Classifier.forward, [0]

    def spoiled(self: Classifier, pixels: torch.Tensor) -> torch.Tensor:
        calls[0] += self.training
        return forward(self, pixels) * (float("nan") if calls[0] == 5 + 3 else 1)

    kept = tmp_path / "run" / NAME
    with monkeypatch.context() as patch:
        patch.setattr(Classifier, "forward", spoiled)
        with pytest.raises(TrainingError) as caught:
            fit(train, valid, settings(epochs=4), tmp_path / "run")
    assert "training loss is not finite in epoch 2, step 3, at learning rate 0.002" in str(caught.value)
    assert "lower the learning rate" in str(caught.value)
    assert f"the last good checkpoint is kept: {kept}" in str(caught.value)
    resumed = fit(train, valid, settings(epochs=4), tmp_path / "run")
    assert [row["epoch"] for row in resumed.history] == [1, 2, 3, 4]


def test_a_learning_rate_that_is_far_too_high(tmp_path: Path) -> None:
    train, valid = apart()
    with pytest.raises(
        TrainingError, match=r"not finite in epoch 1, step \d+, at learning rate 1e\+30.*there is no checkpoint"
    ):
        fit(train, valid, settings(learning_rate=1e30, optimiser="sgd"), tmp_path / "run")


@pytest.mark.parametrize(("every", "step"), [(1, 1), (0, 5)])  # 5 steps an epoch; kept at its end, too
def test_weights_that_are_not_finite_are_never_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, every: int, step: int
) -> None:
    train, valid = apart()
    learn = Trainer._learn

    def spoiled(self: Trainer, order: object) -> None:
        learn(self, order)
        with torch.no_grad():
            next(self.model.parameters()).fill_(float("inf"))

    monkeypatch.setattr(Trainer, "_learn", spoiled)
    monkeypatch.setattr(Trainer, "_refuse_infinite_loss", lambda self, epoch: None)
    monkeypatch.setattr(Trainer, "_validate", lambda self: (1.0, 0.5))
    with pytest.raises(TrainingError, match=f"weights is not finite in epoch 1, step {step},"):
        fit(train, valid, settings(checkpoint_steps=every), tmp_path / "run")
    assert not (tmp_path / "run" / NAME).exists()


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB"),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: not enough memory: you tried to allocate 1 bytes"
        ),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes. Error code 12"),
        MemoryError(),
    ],
)
def test_out_of_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    train, valid = apart()
    first = fit(train, valid, settings(), tmp_path / "run")

    def full(self: Classifier, pixels: torch.Tensor) -> torch.Tensor:
        raise error

    monkeypatch.setattr(Classifier, "forward", full)
    with pytest.raises(TrainingError) as caught:
        fit(train, valid, settings(), tmp_path / "new")
    assert "out of memory on cpu: shufflenetv2 with batches of 8 images of 1 x 32 x 32; lower the batch" in str(
        caught.value
    )
    with pytest.raises(TrainingError, match="batches of 256 images"):
        predict(first.model, valid, settings())
    assert (tmp_path / "run" / NAME).is_file()


def test_another_error_of_torch_is_not_called_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Classifier, "forward", lambda self, pixels: pixels @ pixels.flatten())
    with pytest.raises(RuntimeError) as caught:
        fit(*apart(), settings(), tmp_path / "run")
    assert not isinstance(caught.value, TrainingError)


def test_a_network_that_cannot_be_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(model: object, **_: object) -> Callable[..., object]:
        def call(*_: object) -> object:
            raise torch._dynamo.exc.TorchDynamoException("no C++ compiler")

        return call

    monkeypatch.setattr(torch, "compile", broken)
    with pytest.raises(
        TrainingError, match=r"cannot compile shufflenetv2 here .*no C.. compiler.*allowed: compile=False"
    ):
        fit(*apart(), settings(compile=True), tmp_path / "run")


def outside(part: Slices) -> Slices:
    """Return slices of which one got the label 7 after they were checked."""
    part.label[0] = 7
    return part


@pytest.mark.parametrize(
    ("spoil", "changes", "message"),
    [
        (lambda t, v: (t.select(t.label == 0), v), {}, r"training images have 1 class \(papillary\); allowed: at least 2"),
        (lambda t, v: (t, v.select(v.label == 1)), {}, r"validation images have 1 class \(chromophobe\)"),
        (lambda t, v: (t, replace(v, classes=("a", "b"))), {}, r"classes are \('papillary', 'chromophobe'\) in training and"),
        (lambda t, v: (t, made(2, size=40)), {}, r"shape \(1, 32, 32\) in training and \(1, 40, 40\) in validation"),
        (lambda t, v: (made(channels=3), made(2, channels=3)), {"channels": 1}, "channels is 1 and the images have 3"),
        (lambda t, v: (outside(t), v), {}, "label 7 in training is outside the classes; allowed: 0 to 1"),
        (lambda t, v: (t, v), {"network": "resnet18_3d"}, "resnet18_3d takes volumes; found pixels of 4 dimensions, allowed: 5"),
        (lambda t, v: (volumes(), volumes(2)), {}, "shufflenetv2 takes slices; found pixels of 5 dimensions"),
        (lambda t, v: (volumes(), volumes(2)), {"network": "resnet18_3d", "size": 16}, "size resizes slices"),
    ],
)  # fmt: skip
def test_data_that_do_not_fit(
    tmp_path: Path, spoil: Callable[..., tuple[object, object]], changes: dict[str, object], message: str
) -> None:
    train, valid = apart()
    with pytest.raises(UsageError, match=message):
        fit(*spoil(train, valid), settings(**changes), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_all_problems_of_the_data_come_at_once(tmp_path: Path) -> None:
    train, _ = apart()
    with pytest.raises(UsageError) as caught:
        fit(train.select(train.label == 0), made(2, size=40).select([0]), settings(), tmp_path / "run")
    assert str(caught.value).count("allowed") == 3


def test_small_images_in_bf16_are_refused_on_the_cpu(tmp_path: Path) -> None:
    train, valid = made(3, size=16), made(2, size=16)
    with pytest.raises(UsageError, match="images have 16 pixels on a side; allowed with bf16 on the CPU: more than 16"):
        fit(train, valid, settings(precision="bf16"), tmp_path / "run")
    assert len(fit(train, valid, settings(epochs=1), tmp_path / "run").history) == 1  # float32


def test_values_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    images = volumes(kind=np.float32)
    images.pixels[0, 0, 0, 0, 0] = np.nan
    with pytest.raises(UsageError, match="training images hold values that are not finite"):
        fit(images, volumes(2, kind=np.float32), settings(network="resnet18_3d"), tmp_path / "run")


def test_volumes_that_do_not_fit_together() -> None:
    good = volumes()
    with pytest.raises(UsageError) as caught:
        Volumes(good.pixels[:, 0], good.label[:-1] + 5, good.patient, good.centre, good.classes)
    for part in ("pixels have shape (8, 8, 16, 16)", "lengths are", "is outside the classes"):
        assert part in str(caught.value)


def test_a_folder_or_file_that_is_not_there(tmp_path: Path) -> None:
    train, valid = apart()
    with pytest.raises(UsageError, match="missing does not exist; allowed: an existing one, in which run is made"):
        fit(train, valid, settings(), tmp_path / "missing" / "run")
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="file is a file; allowed: a folder"):
        fit(train, valid, settings(), tmp_path / "file")
    for reader in (load, load_model):
        with pytest.raises(UsageError, match="there is no file"):
            reader(tmp_path / "none")
        with pytest.raises(UsageError, match="cannot be read"):
            reader(tmp_path / "file")
    np.savez(tmp_path / "other.npz", pixels=train.pixels)
    with pytest.raises(UsageError, match="lacks label, patient, position, centre, classes"):
        load(tmp_path / "other.npz")


def test_prediction_refuses_other_images(tmp_path: Path) -> None:
    result = fit(*apart(), settings(epochs=1), tmp_path / "run")
    with pytest.raises(UsageError, match="the images have 3 channels; allowed: 1"):
        predict(result.model, made(channels=3), settings())
    with pytest.raises(UsageError, match="the images have 5 dimensions; allowed: 4"):
        predict(result.model, volumes(), settings())
    with pytest.raises(UsageError, match="'cuda:9' is not there"):
        predict(result.model, made(), settings(device="cuda:9"))
