"""Checkpoints: whole or not at all, and only for the same settings and data."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import torch

from dlrrc_core import files
from dlrrc_core.baseline.training.data import Images
from dlrrc_core.baseline.training.settings import Settings
from dlrrc_core.problems import UsageError

NAME = "checkpoint.pt"
FORMAT = 1
FREE = ("checkpoint_epochs", "checkpoint_steps")  # settings that change no result


def data_digest(*parts: Images) -> str:
    """Return a SHA-256 over pixels, labels, patients and classes of several sets of images."""
    found = hashlib.sha256()
    for part in parts:
        for array in (part.pixels, part.label, np.char.encode(part.patient.astype(str), "utf-8")):
            found.update(f"{array.shape} {array.dtype}".encode())
            found.update(np.ascontiguousarray(array).data)
        found.update(repr(part.classes).encode())
    return found.hexdigest()


def prepared(folder: Path) -> Path:
    """Return the folder, made when its parent exists, without the leftovers of a killed process.

    Raises
    ------
    UsageError
        When the parent is missing or the path is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; allowed: a folder for checkpoints")
    if not folder.parent.is_dir():
        raise UsageError(
            f"the folder {folder.parent} does not exist; allowed: an existing one, in which {folder.name} is made"
        )
    folder.mkdir(exist_ok=True)
    for leftover in folder.glob(f".{NAME}.*.tmp"):
        leftover.unlink(missing_ok=True)
    return folder


def save(path: Path, state: dict[str, Any], settings: Settings, data: str, processes: int) -> None:
    """Write a checkpoint; whoever is killed meanwhile leaves the old one.

    Parameters
    ----------
    path : Path
        File.
    state : dict
        Plain values and tensors.
    settings : Settings
        Of the training.
    data : str
        Result of :func:`data_digest`.
    processes : int
        That train together.
    """
    content = io.BytesIO()
    made_for = {"settings": settings.model_dump(), "data": data, "processes": processes}
    torch.save({"format": FORMAT, "made_for": made_for, "state": state}, content)
    files.write(path, content.getvalue())


def load(path: Path, settings: Settings, data: str, processes: int, device: torch.device) -> dict[str, Any]:
    """Return the state of a checkpoint.

    Raises
    ------
    UsageError
        When it cannot be read, or was made with other settings, data or processes; the message says which differ.
    """
    mend = f"take another folder, remove {path}, or train with resume=False, which overwrites it"
    try:
        held = torch.load(path, map_location=device, weights_only=True)
        made_for, state, version = held["made_for"], held["state"], held["format"]
        old, old_data, old_processes = made_for["settings"], made_for["data"], made_for["processes"]
    except Exception as error:  # whatever a broken file makes torch raise
        raise UsageError(
            f"{path} is no checkpoint ({type(error).__name__}); allowed: one that fit wrote; {mend}"
        ) from error
    differ = [
        f"{name} was {old.get(name)!r}, now {value!r}"
        for name, value in settings.model_dump().items()
        if name not in FREE and old.get(name) != value
    ]
    if version != FORMAT:
        differ.append(f"its format is {version}, now {FORMAT}")
    if old_data != data:
        differ.append("the training or validation images are others")
    if old_processes != processes:
        differ.append(f"there were {old_processes} processes, now {processes}")
    if differ:
        raise UsageError(f"{path} is of another training: {'; '.join(differ)}; allowed: the same; {mend}")
    return dict(state)
