"""The training loop: it learns, validates in evaluation mode, stops, and takes what it is given."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional
from trainingkit import apart, little, made, same_but_time, settings, volumes

from dlrrc_core.baseline import networks
from dlrrc_core.baseline.training import fit, load, load_model, predict, save, save_model
from dlrrc_core.baseline.training import model as models
from dlrrc_core.baseline.training.model import Classifier, moments
from dlrrc_core.problems import UsageError


@pytest.fixture
def _little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "build", little)


def test_it_learns_and_says_how(tmp_path: Path) -> None:
    train, valid = apart(12)
    chosen = settings(epochs=6, variants_per_epoch=4, learning_rate=0.003)
    rows: list[dict[str, object]] = []
    result = fit(train, valid, chosen, tmp_path / "run", on_epoch=rows.append)
    assert rows == result.history
    assert [row["epoch"] for row in rows] == list(range(1, len(rows) + 1))
    assert result.history[-1]["train_accuracy"] > 0.9
    assert min(row["valid_loss"] for row in result.history) < 0.3
    other = made(10, seed=77)
    probability = predict(result.model, other, chosen)
    assert probability.dtype == np.float64
    np.testing.assert_allclose(probability.sum(axis=1), 1, atol=1e-12)
    assert (probability.argmax(axis=1) == other.label).mean() > 0.9
    assert all(row["images_per_second"] > 0 and row["seconds"] > 0 for row in result.history)


@pytest.mark.usefixtures("_little")
def test_the_model_has_the_weights_of_the_best_epoch(tmp_path: Path) -> None:
    train, valid = apart()
    chosen = settings(epochs=4, learning_rate=0.01, batch=12)
    result = fit(train, valid, chosen, tmp_path / "run")
    losses = [row["valid_loss"] for row in result.history]
    logits = torch.from_numpy(np.log(predict(result.model, valid, chosen)))
    loss = float(functional.nll_loss(logits, torch.from_numpy(valid.label)))
    assert loss == pytest.approx(min(losses), rel=1e-6)
    assert not result.model.training
    at = int(np.argmin(losses))
    accuracy = float((logits.numpy().argmax(axis=1) == valid.label).mean())
    assert accuracy == result.history[at]["valid_accuracy"]


@pytest.mark.usefixtures("_little")
def test_the_same_seed_repeats_and_another_does_not(tmp_path: Path) -> None:
    train, valid = apart()
    state = torch.get_rng_state()
    runs = [
        fit(train, valid, settings(seed=seed, deterministic=deterministic), tmp_path / str(number))
        for number, (seed, deterministic) in enumerate([(1, False), (1, True), (2, False)])
    ]
    assert same_but_time(runs[0].history, runs[1].history)
    assert models.digest(runs[0].model) == models.digest(runs[1].model) != models.digest(runs[2].model)
    assert torch.equal(state, torch.get_rng_state())  # the caller's random numbers are left alone
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.usefixtures("_little")
def test_training_ends_when_the_validation_loss_no_longer_falls(tmp_path: Path) -> None:
    train, valid = apart(signal=0)  # nothing to learn
    result = fit(train, valid, settings(epochs=30, patience=2, augmentation="none"), tmp_path / "run")
    losses = [row["valid_loss"] for row in result.history]
    assert len(losses) < 30
    assert len(losses) - (int(np.argmin(losses)) + 1) == 2
    assert result.record["stopping"]["stopped_early"] is True
    fixed = fit(train, valid, settings(epochs=3, patience=None, augmentation="none"), tmp_path / "fixed")
    assert len(fixed.history) == 3


@pytest.mark.usefixtures("_little")
def test_normalisation_is_that_of_the_training_images(tmp_path: Path) -> None:
    train, valid = apart(channels=3)
    shifted = replace(valid, pixels=valid.pixels // 2)
    result = fit(train, shifted, settings(epochs=1, augmentation="none"), tmp_path / "run")
    np.testing.assert_allclose(result.model.mean.numpy(), train.pixels.mean(axis=(0, 2, 3)), rtol=1e-6)
    np.testing.assert_allclose(result.model.sd.numpy(), train.pixels.std(axis=(0, 2, 3)), rtol=1e-6)
    mean, sd = moments(np.stack([train.pixels, train.pixels], axis=2).astype(np.float32))  # as volumes
    np.testing.assert_allclose((mean, sd), (result.model.mean, result.model.sd), rtol=1e-5)
    assert moments(np.full((2, 1, 4, 4), 7, np.uint8))[1] == 1  # a constant image is not divided by zero


def test_a_classifier_takes_grey_values_of_any_type() -> None:
    network = networks.build("shufflenetv2", channels=3, seed=1).eval()
    model = Classifier(network, [100.0], [25.0], 3).eval()
    grey = torch.from_numpy(made(2).pixels)
    with torch.inference_mode():
        wanted = network(((grey.float() - 100) / 25).repeat(1, 3, 1, 1))
        np.testing.assert_allclose(model(grey), wanted, atol=1e-5)
        np.testing.assert_allclose(model(grey.double()), wanted, atol=1e-5)


@pytest.mark.usefixtures("_little")
@pytest.mark.parametrize(
    "changes",
    [
        {"optimiser": "sgd", "schedule": "cosine", "augmentation": "light"},
        {"precision": "bf16", "label_smoothing": 0.1, "weight_decay": 0.01},
        {"schedule": "plateau", "schedule_patience": 0, "augmentation": "none", "head": "hidden"},
        {"size": 40, "channels": 3, "batch_norm": "frozen"},
    ],
)
def test_every_setting_is_used(tmp_path: Path, changes: dict[str, object]) -> None:
    train, valid = apart()
    plain = fit(train, valid, settings(), tmp_path / "plain")
    other = fit(train, valid, settings(**changes), tmp_path / "other")
    assert other.history[0]["train_loss"] != plain.history[0]["train_loss"]
    assert all(np.isfinite(row["train_loss"]) for row in other.history)
    assert other.record["hyperparameters"].items() >= changes.items()
    assert predict(other.model, valid, settings(**changes)).shape == (len(valid), 2)


@pytest.mark.usefixtures("_little")
def test_schedules_lower_the_learning_rate(tmp_path: Path) -> None:
    train, valid = apart(signal=0)
    cosine = fit(train, valid, settings(epochs=4, schedule="cosine", augmentation="none"), tmp_path / "cosine")
    wanted = [0.002 * (1 + np.cos(np.pi * epoch / 4)) / 2 for epoch in range(4)]
    np.testing.assert_allclose([row["learning_rate"] for row in cosine.history], wanted, rtol=1e-9)
    chosen = settings(epochs=8, schedule="plateau", schedule_patience=0, augmentation="none")
    plateau = fit(train, valid, chosen, tmp_path / "plateau").history
    for before, after in itertools.pairwise(plateau):
        fell = before["epoch"] == 1 or before["valid_loss"] < (1 - 1e-4) * min(
            row["valid_loss"] for row in plateau[: before["epoch"] - 1]
        )
        assert after["learning_rate"] == pytest.approx(before["learning_rate"] * (1 if fell else 0.1))


@pytest.mark.usefixtures("_little")
def test_frozen_batch_normalisation_keeps_its_statistics(tmp_path: Path) -> None:
    train, valid = apart()
    for mode, moves in (("frozen", False), ("train", True)):
        result = fit(train, valid, settings(batch_norm=mode, epochs=1), tmp_path / mode)
        means = [value for name, value in result.model.named_buffers() if name.endswith("running_mean")]
        assert any(value.abs().max() > 0 for value in means) is moves


def test_volumes_are_trained_by_the_same_loop(tmp_path: Path) -> None:
    images = volumes(6, kind=np.float32)
    train, valid = images.select(np.arange(4)), images.select(np.arange(4, 6))
    chosen = settings(network="resnet18_3d", epochs=1, batch=4, variants_per_epoch=1)
    result = fit(train, valid, chosen, tmp_path / "run")
    assert predict(result.model, images, chosen).shape == (6, 2)
    assert result.record["model"]["input"] == [1, 8, 16, 16]


def test_initial_weights_come_from_a_file(tmp_path: Path) -> None:
    train, valid = apart()
    start = networks.build("shufflenetv2", classes=1000, channels=3, seed=5)
    torch.save(start.state_dict(), tmp_path / "weights.pth")
    chosen = settings(weights=str(tmp_path / "weights.pth"), channels=3, learning_rate=1e-9, epochs=1)
    result = fit(train, valid, chosen, tmp_path / "run")
    np.testing.assert_allclose(result.model.network.conv1[0].weight.detach(), start.conv1[0].weight.detach(), atol=1e-7)
    assert result.record["initial_weights"]["kind"] == "pre-trained"
    with pytest.raises(UsageError, match="there is no file"):
        fit(train, valid, chosen.changed(weights=str(tmp_path / "none.pth")), tmp_path / "other")


def test_slices_and_models_come_back_from_files(tmp_path: Path) -> None:
    slices = made(3)
    slices = replace(slices, mask=slices.pixels[:, 0] > 100)
    save(slices, tmp_path / "slices.npz")
    back = load(tmp_path / "slices.npz")
    for name in ("pixels", "label", "patient", "position", "centre", "mask"):
        np.testing.assert_array_equal(getattr(back, name), getattr(slices, name))
    assert back.classes == slices.classes
    train, valid = apart()
    result = fit(train, valid, settings(epochs=1), tmp_path / "run")
    save_model(result.model, settings(epochs=1), train.classes, tmp_path / "model.pt")
    model, chosen, classes = load_model(tmp_path / "model.pt")
    assert (chosen, classes) == (settings(epochs=1), train.classes)
    np.testing.assert_array_equal(predict(model, valid, chosen), predict(result.model, valid, chosen))


@pytest.mark.usefixtures("_little")
def test_progress_is_quiet_without_a_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train, valid = apart()
    fit(train, valid, settings(epochs=1), tmp_path / "run", progress=True)
    assert capsys.readouterr() == ("", "")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")  # torch's compiler uses what torch deprecates
def test_a_compiled_step_learns_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def without_dropout(
        *names: object, **options: object
    ) -> torch.nn.Module:  # compiled, it draws other random numbers
        network = little(*names, **options)
        network[7].p = 0.0
        return network

    monkeypatch.setattr(networks, "build", without_dropout)
    train, valid = apart()
    runs = [fit(train, valid, settings(epochs=1, compile=each), tmp_path / str(each)) for each in (False, True)]
    # the compiler orders sums otherwise; worst difference seen 3e-8
    assert runs[1].history[0]["train_loss"] == pytest.approx(runs[0].history[0]["train_loss"], rel=1e-5)
    assert runs[1].history[0]["valid_loss"] == pytest.approx(runs[0].history[0]["valid_loss"], rel=1e-5)
