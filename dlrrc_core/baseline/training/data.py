"""What a network is trained on: slices or volumes, checked, on the device, and as files."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from dlrrc_core import files
from dlrrc_core.baseline.slices import Slices
from dlrrc_core.baseline.training.settings import Settings
from dlrrc_core.problems import UsageError

# torch 2.13 (oneDNN 3.12): the gradient of a depthwise convolution of stride 2 on a map of one pixel holds what was in memory before
BF16_TOO_SMALL = 16
ARRAYS = ("pixels", "label", "patient", "position", "centre")


class Images(Protocol):
    """Labelled images: :class:`dlrrc_core.baseline.slices.Slices` or :class:`Volumes`."""

    @property
    def pixels(self) -> npt.NDArray[Any]:
        """Grey values, shape (n, channels, height, width) or (n, channels, depth, height, width)."""

    @property
    def label(self) -> npt.NDArray[np.int64]:
        """Class of each image, shape (n,)."""

    @property
    def patient(self) -> npt.NDArray[np.str_]:
        """Patient of each image, shape (n,)."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes."""

    def __len__(self) -> int:
        """Return the number of images."""


@dataclass(frozen=True, eq=False)
class Volumes:
    """Labelled crops of volumes, for networks in three dimensions.

    Attributes
    ----------
    pixels : numpy.ndarray of uint8 or float32, shape (n, channels, depth, height, width)
        Grey values after windowing, 0-255.
    label : numpy.ndarray of int64, shape (n,)
        Class, 0 ... len(classes) - 1.
    patient, centre : numpy.ndarray of str, shape (n,)
        Ids.
    classes : tuple of str
        Names of the classes.
    """

    pixels: npt.NDArray[np.uint8] | npt.NDArray[np.float32]
    label: npt.NDArray[np.int64]
    patient: npt.NDArray[np.str_]
    centre: npt.NDArray[np.str_]
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse volumes that do not fit together; every problem is named at once."""
        found = []
        if self.pixels.ndim != 5 or self.pixels.dtype not in (np.uint8, np.float32):
            found.append(
                f"pixels have shape {self.pixels.shape} and type {self.pixels.dtype};"
                " allowed: (volumes, channels, depth, height, width), uint8 or float32"
            )
        lengths = {name: len(getattr(self, name)) for name in ("pixels", "label", "patient", "centre")}
        if len(set(lengths.values())) > 1 or 0 in lengths.values():
            found.append(f"lengths are {lengths}; allowed: the same, at least one")
        if outside := sorted(set(map(int, self.label)) - set(range(len(self.classes)))):
            found.append(f"label {outside} is outside the classes; allowed: 0 to {len(self.classes) - 1}")
        if found:
            raise UsageError("; ".join(found))

    def __len__(self) -> int:
        """Return the number of volumes."""
        return len(self.label)

    def select(self, index: npt.ArrayLike) -> Volumes:
        """Return some of the volumes; ``index`` as numpy takes it."""
        chosen = np.asarray(index)
        return replace(self, **{name: getattr(self, name)[chosen] for name in ("pixels", "label", "patient", "centre")})


def check(train: Images, valid: Images, settings: Settings) -> None:
    """Refuse data on which the settings cannot be trained.

    Raises
    ------
    UsageError
        With every problem: classes, shapes or channels that do not match, labels outside the classes, a part with one class.
    """
    found = []
    if train.classes != valid.classes:
        found.append(
            f"the classes are {train.classes} in training and {valid.classes} in validation; allowed: the same"
        )
    if train.pixels.shape[1:] != valid.pixels.shape[1:]:
        found.append(
            f"images have the shape {train.pixels.shape[1:]} in training and {valid.pixels.shape[1:]} in validation; allowed: the same"
        )
    for name, part in (("training", train), ("validation", valid)):
        present = set(map(int, np.unique(part.label)))
        if outside := sorted(present - set(range(len(part.classes)))):
            found.append(
                f"label {', '.join(map(str, outside))} in {name} is outside the classes; allowed: 0 to {len(part.classes) - 1}"
            )
        elif len(present) < 2:
            held = ", ".join(part.classes[each] for each in present) or "none"
            found.append(
                f"the {name} images have {len(present)} class ({held}); allowed: at least 2; divide the data by class, see split"
            )
        if part.pixels.dtype.kind == "f" and not np.isfinite(part.pixels).all():
            found.append(f"the {name} images hold values that are not finite; allowed: 0 to 255")
    if len(train) < 2:
        found.append("there is one training image; allowed: at least 2")
    found += _shape_problems(train.pixels, settings)
    if found:
        raise UsageError("; ".join(found))


def _shape_problems(pixels: npt.NDArray[Any], settings: Settings) -> list[str]:
    """Return why the network cannot take these images."""
    found = []
    wanted = 5 if settings.network.endswith("3d") else 4
    if pixels.ndim != wanted:
        found.append(
            f"{settings.network} takes {'volumes' if wanted == 5 else 'slices'}; found pixels of {pixels.ndim} dimensions, allowed: {wanted}"
        )
    if settings.size is not None and pixels.ndim == 5:
        found.append("size resizes slices; found volumes, allowed: None")
    if settings.channels is not None and pixels.shape[1] not in (1, settings.channels):
        found.append(
            f"channels is {settings.channels} and the images have {pixels.shape[1]}; allowed: the same, or one grey channel that is repeated"
        )
    side = settings.size or min(pixels.shape[-2:])
    if settings.precision == "bf16" and settings.device == "cpu" and side <= BF16_TOO_SMALL:
        found.append(
            f"images have {side} pixels on a side; allowed with bf16 on the CPU: more than {BF16_TOO_SMALL}; take larger images or float32"
        )
    return found


def on_device(images: Images, settings: Settings, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Return pixels (as they are, resized when asked) and labels as tensors on the device."""
    pixels = torch.from_numpy(np.ascontiguousarray(images.pixels)).to(device)
    if settings.size is not None and tuple(pixels.shape[2:]) != (settings.size, settings.size):
        pixels = resized(pixels, settings.size)
    return pixels, torch.from_numpy(np.ascontiguousarray(images.label, dtype=np.int64)).to(device)


def resized(pixels: torch.Tensor, size: int) -> torch.Tensor:
    """Return slices (n, channels, height, width), uint8, at another size: bilinear, smoothed before shrinking."""
    parts = [
        functional.interpolate(part.float(), (size, size), mode="bilinear", antialias=True).round().clamp(0, 255)
        for part in pixels.split(1024)
    ]
    return torch.cat([part.to(torch.uint8) for part in parts])


def save(slices: Slices, path: Path) -> None:
    """Write slices, without clinical variables, as one compressed npz file."""
    arrays: dict[str, npt.NDArray[Any]] = {name: getattr(slices, name) for name in ARRAYS}
    arrays["classes"] = np.array(slices.classes)
    if slices.mask is not None:
        arrays["mask"] = slices.mask
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)  # type: ignore[arg-type]  # numpy's stub takes the names for its own option
    files.write(path, content.getvalue())


def load(path: Path) -> Slices:
    """Read slices that :func:`save` wrote.

    Raises
    ------
    UsageError
        When there is no such file, it is no npz file or lacks an array; slices that do not fit together as in :class:`Slices`.
    """
    if not path.is_file():
        raise UsageError(f"there is no file {path}; allowed: an npz file that dlrrc_core.baseline.training.save wrote")
    try:
        with np.load(path, allow_pickle=False) as held:
            arrays = {name: held[name] for name in held.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise UsageError(
            f"{path} cannot be read as npz ({error}); allowed: a file that dlrrc_core.baseline.training.save wrote"
        ) from error
    wanted: Sequence[str] = (*ARRAYS, "classes")
    if missing := [name for name in wanted if name not in arrays]:
        raise UsageError(f"{path} lacks {', '.join(missing)}; allowed: {', '.join(wanted)} and, where known, mask")
    return Slices(
        **{name: arrays[name] for name in ARRAYS}, classes=tuple(map(str, arrays["classes"])), mask=arrays.get("mask")
    )
