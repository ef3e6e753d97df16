"""Images as the bare network takes them, for what works on the network without its normalisation: exported files and heat maps."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dlrrc_core.baseline.slices import Slices
from dlrrc_core.baseline.training import Classifier


def normalised(model: Classifier, slices: Slices) -> npt.NDArray[np.float32]:
    """Return slices standardised with the moments of the training set, in as many channels as the network has.

    Parameters
    ----------
    model : Classifier
        A trained model; its attribute ``network`` takes what is returned here.
    slices : Slices
        Grey values 0-255, with the channels of the training set.

    Returns
    -------
    numpy.ndarray of float32, shape (n, channels, height, width)
    """
    mean, sd = (each.cpu().numpy().reshape(1, -1, 1, 1) for each in (model.mean, model.sd))
    pixels = (slices.pixels.astype(np.float32) - mean) / sd
    return pixels if pixels.shape[1] == model.channels else np.repeat(pixels, model.channels, axis=1)
