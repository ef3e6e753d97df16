"""Small images with a signal that can be learned, for the tests of the training."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from dlrrc_core.baseline.slices import Slices
from dlrrc_core.baseline.training import Settings, Volumes

CLASSES = ("papillary", "chromophobe")


def made(
    patients: int = 8, each: int = 3, size: int = 32, channels: int = 1, seed: int = 0, signal: float = 80
) -> Slices:
    """Return slices of noise; those of every second patient have a brighter square of their own class in the middle."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(patients), each)
    pixels = rng.normal(90, 20, (len(who), channels, size, size))
    pixels[who % 2 == 1, :, size // 4 : -size // 4, size // 4 : -size // 4] += signal
    return Slices(
        pixels.clip(0, 255).astype(np.uint8),
        (who % 2).astype(np.int64),
        np.array([f"p{each:02d}" for each in who]),
        np.tile(np.arange(each, dtype=float), patients),
        np.full(len(who), "A"),
        CLASSES,
    )


def volumes(patients: int = 8, size: int = 16, seed: int = 0, kind: type = np.uint8) -> Volumes:
    """Return one volume per patient, its signal as in :func:`made`."""
    slices = made(patients, 1, size, seed=seed)
    pixels = np.repeat(slices.pixels[:, :, None], 8, axis=2).astype(kind)
    return Volumes(pixels, slices.label, slices.patient, slices.centre, CLASSES)


def settings(**changes: Any) -> Settings:
    """Return settings for a training of about a second."""
    small = {"network": "shufflenetv2", "batch": 8, "epochs": 2, "variants_per_epoch": 2, "learning_rate": 0.002}
    return Settings(**{**small, **changes})


def apart(patients: int = 8, **changes: Any) -> tuple[Slices, Slices]:
    """Return training slices and, of the last two patients, validation slices."""
    slices = made(patients, **changes)
    last = np.isin(slices.patient, [f"p{patients - 1:02d}", f"p{patients - 2:02d}"])
    return slices.select(~last), slices.select(last)


def same_but_time(left: list[dict[str, Any]], right: list[dict[str, Any]]) -> bool:
    """Return whether two histories agree in everything but times."""
    times = {"seconds", "images_per_second"}
    return [[(k, v) for k, v in row.items() if k not in times] for row in left] == [
        [(k, v) for k, v in row.items() if k not in times] for row in right
    ]


def little(name: str, classes: int = 2, channels: int = 3, head: str = "plain", seed: int = 1) -> nn.Module:
    """Return a network of two convolutions with batch normalisation and dropout, for tests in which another one is of no use."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Conv2d(channels, 8, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Dropout(0.2),
            nn.Linear(16, classes),
        )
