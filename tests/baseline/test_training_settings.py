"""Settings of a training: the recipe of Zuo et al. (2021), and one message for everything that is wrong."""

from __future__ import annotations

import pytest
import torch

from dlrrc_core.baseline.training import Settings
from dlrrc_core.problems import UsageError


def test_defaults_are_the_recipe() -> None:
    # Zuo et al. (2021), doi 10.3389/fonc.2021.746750, Materials and Methods: ADAM, learning rate 0.005, batch 24, 15-fold; 90/10
    recipe = Settings()
    assert (recipe.network, recipe.optimiser, recipe.learning_rate, recipe.batch) == ("mobilenetv2", "adam", 0.005, 24)
    assert (recipe.augmentation, recipe.variants_per_epoch, recipe.train, recipe.valid) == ("15-fold", 15, 0.9, 0.1)
    assert recipe.weights is None


def test_all_problems_come_at_once_with_the_nearest_name() -> None:
    with pytest.raises(UsageError) as caught:
        Settings(
            network="mobilenet",
            optimiser="adm",
            learnig_rate=0.1,
            batch=1,
            epochs="many",
            device="gpu",
            head="plane",
            channels=2,
        )
    message = str(caught.value)
    for part in (
        "unknown network 'mobilenet'",
        "did you mean 'mobilenetv2'?",
        "optimiser is 'adm'; allowed: adam, sgd; did you mean 'adam'?",
        "unknown setting 'learnig_rate'",
        "did you mean 'learning_rate'?",
        "batch is 1; input should be greater than or equal to 2",
        "epochs is 'many'",
        "device is 'gpu'; allowed: cpu, cuda",
        "unknown head 'plane'",
        "channels is 2; allowed: 1, 3",
    ):
        assert part in message


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"precision": "fp16"}, "'fp16' on the device 'cpu'"),
        ({"train": 0.9, "valid": 0.2}, "add up to 1.1"),
        ({"learning_rate": float("nan")}, "learning_rate is nan"),
        ({"learning_rate": -1.0}, "learning_rate is -1.0"),
        ({"variants_per_epoch": 16}, "less than or equal to 15"),
        ({"patience": 0}, "patience is 0"),
        ({"compile": "yes"}, "compile is 'yes'"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_a_wrong_value_is_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Settings(**values)


def test_settings_are_frozen_and_changed_settings_are_checked() -> None:
    first = Settings()
    assert first.changed(epochs=3).epochs == 3
    assert first.epochs == 100
    with pytest.raises(UsageError, match="did you mean 'epochs'"):
        first.changed(epoch=3)
    with pytest.raises(ValueError, match="frozen"):
        first.epochs = 4
    assert Settings.model_validate_json(first.model_dump_json()) == first


@pytest.mark.parametrize(
    ("count", "asked", "allowed"), [(0, "cuda", "allowed: cpu$"), (2, "cuda:2", "allowed: cpu, cuda:0, cuda:1$")]
)
def test_a_device_that_is_not_there(monkeypatch: pytest.MonkeyPatch, count: int, asked: str, allowed: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    with pytest.raises(UsageError, match=f"'{asked}' is not there; this machine has {count} CUDA devices.*{allowed}"):
        Settings(device=asked).usable_device()
