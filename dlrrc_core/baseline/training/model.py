"""A network with the normalisation of its training set: grey values in, one number per class out."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from dlrrc_core import files
from dlrrc_core.baseline import networks
from dlrrc_core.baseline.training.data import Images, on_device
from dlrrc_core.baseline.training.errors import memory_errors
from dlrrc_core.baseline.training.settings import Settings
from dlrrc_core.problems import UsageError

NORMALISATIONS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)


class Classifier(nn.Module):
    """A network that takes grey values 0-255, of any number type, and normalises them itself; an exported file does so too.

    Parameters
    ----------
    network : torch.nn.Module
        Takes normalised images, returns one number per class.
    mean, sd : sequence of float, one per channel of the data
        Of the training set.
    channels : int
        Input channels of the network; one grey channel is repeated when the network has more.
    """

    def __init__(self, network: nn.Module, mean: npt.ArrayLike, sd: npt.ArrayLike, channels: int) -> None:
        super().__init__()
        self.dimensions = max(value.ndim for value in network.parameters())  # of pixels: 5 for volumes
        self.network = network.to(memory_format=layout(self.dimensions))
        self.channels = channels
        self.register_buffer("mean", torch.tensor(np.asarray(mean), dtype=torch.float32))
        self.register_buffer("sd", torch.tensor(np.asarray(sd), dtype=torch.float32))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return logits, shape (images, classes), of grey values 0-255, shape (images, channels, ...)."""
        shape = (1, -1) + (1,) * (pixels.ndim - 2)
        normal = (pixels.float() - self.mean.view(shape)) / self.sd.view(shape)
        if normal.shape[1] != self.channels:
            normal = normal.expand(-1, self.channels, *normal.shape[2:])
        return self.network(normal.contiguous(memory_format=layout(normal.ndim)))


def layout(dimensions: int) -> torch.memory_format:
    """Return the memory format in which convolutions of such images are fastest: channels last."""
    return torch.channels_last_3d if dimensions == 5 else torch.channels_last


def moments(pixels: npt.NDArray[Any]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return mean and standard deviation of each channel over all images; a constant channel has 1."""
    channels = pixels.shape[1]
    if pixels.dtype == np.uint8:  # from the histogram: exact, and fast
        grey = np.arange(256)
        counts = np.stack([np.bincount(pixels[:, each].ravel(), minlength=256) for each in range(channels)])
        share = counts / counts.sum(axis=1, keepdims=True)
        mean = share @ grey
        variance = (share * (grey - mean[:, None]) ** 2).sum(axis=1)
    else:
        flat = np.moveaxis(pixels, 1, 0).reshape(channels, -1)
        mean, variance = flat.mean(axis=1, dtype=np.float64), flat.var(axis=1, dtype=np.float64)
    return mean, np.where(variance > 0, np.sqrt(variance), 1.0)


def build(train: Images, settings: Settings) -> Classifier:
    """Return the classifier before training: the network of the settings with its initial weights, on the CPU.

    Raises
    ------
    UsageError
        When the file of initial weights is missing or does not fit.
    """
    channels = settings.channels or train.pixels.shape[1]
    network = networks.build(
        settings.network, classes=len(train.classes), channels=channels, head=settings.head, seed=settings.seed
    )
    if settings.weights is not None:
        networks.load_weights(network, settings.weights)
    mean, sd = moments(train.pixels)
    return Classifier(network, mean, sd, channels)


def training_mode(model: nn.Module, settings: Settings) -> None:
    """Put a model into training mode, its batch normalisation only when it is not frozen."""
    model.train()
    if settings.batch_norm == "frozen":
        for layer in model.modules():
            if isinstance(layer, NORMALISATIONS):
                layer.eval()


def predict(model: nn.Module, slices: Images, settings: Settings, batch: int = 256) -> npt.NDArray[np.float64]:
    """Return the probability of each class for each image.

    Parameters
    ----------
    model : torch.nn.Module
        Of a :class:`dlrrc_core.baseline.training.Fit`.
    slices : Slices or Volumes
        Images, with the channels of the training set.
    settings : Settings
        Of that training: device and size.
    batch : int, default 256
        Images at a time.

    Returns
    -------
    numpy.ndarray of float64, shape (images, classes)
        Softmax in evaluation mode, in float32; rows add up to 1.

    Raises
    ------
    UsageError
        When the channels or dimensions do not match, or memory is short.
    """
    _refuse_other_images(model, slices)
    device = settings.usable_device()
    with memory_errors(settings.network, batch, slices.pixels.shape[1:], settings.device):
        pixels, _ = on_device(slices, settings, device)
        logits = outputs(model.to(device), pixels, batch)
    return torch.softmax(logits.double(), dim=1).cpu().numpy()


def outputs(model: nn.Module, pixels: torch.Tensor, batch: int) -> torch.Tensor:
    """Return the logits of all images in evaluation mode; the mode is put back afterwards."""
    before = model.training
    model.eval()
    try:
        with torch.inference_mode():
            return torch.cat([model(part) for part in pixels.split(batch)])
    finally:
        model.train(before)


def _refuse_other_images(model: nn.Module, images: Images) -> None:
    """Refuse images that the model was not made for."""
    if not isinstance(model, Classifier):
        return
    if images.pixels.ndim != model.dimensions:
        raise UsageError(
            f"the images have {images.pixels.ndim} dimensions; allowed: {model.dimensions}, as in training"
        )
    if images.pixels.shape[1] != len(model.mean):
        raise UsageError(
            f"the images have {images.pixels.shape[1]} channels; allowed: {len(model.mean)}, as in training"
        )


def digest(model: nn.Module) -> str:
    """Return a SHA-256 over the names and values of all weights: equal if and only if the models are."""
    found = hashlib.sha256()
    for name, value in model.state_dict().items():
        found.update(name.encode() + value.detach().cpu().contiguous().numpy().tobytes())
    return found.hexdigest()


def save_model(model: Classifier, settings: Settings, classes: tuple[str, ...], path: Path) -> None:
    """Write a trained model so that :func:`load_model` can build it again."""
    content = io.BytesIO()
    held = {
        "weights": model.state_dict(),
        "settings": settings.model_dump(),
        "classes": list(classes),
        "channels": model.channels,
    }
    torch.save(held, content)
    files.write(path, content.getvalue())


def load_model(path: Path) -> tuple[Classifier, Settings, tuple[str, ...]]:
    """Return a model that :func:`save_model` wrote, on the CPU, with its settings and classes.

    Raises
    ------
    UsageError
        When the file is missing or no such model.
    """
    if not path.is_file():
        raise UsageError(
            f"there is no file {path}; allowed: a model that dlrrc_core.baseline.training.save_model wrote"
        )
    try:
        held = torch.load(path, map_location="cpu", weights_only=True)
        settings, classes, weights = Settings(**held["settings"]), tuple(held["classes"]), held["weights"]
    except Exception as error:
        raise UsageError(
            f"{path} cannot be read ({type(error).__name__}); allowed: a model that save_model wrote"
        ) from error
    network = networks.build(settings.network, classes=len(classes), channels=held["channels"], head=settings.head)
    model = Classifier(network, weights["mean"].numpy(), weights["sd"].numpy(), held["channels"])
    model.load_state_dict(weights)
    return model.eval(), settings, classes
