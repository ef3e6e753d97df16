"""What a scanner does to a volume: blur or edge enhancement by the kernel, correlated noise, an error of calibration."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as functional

from dlrrc_core.baseline.phantom.parameters import Scanner
from dlrrc_core.baseline.phantom.shapes import Tensor

BORDER = 8  # pixels added on each side before the Fourier transform, which takes an image for periodic


def frequencies(height: int, width: int, pixel: float, device: str) -> Tensor:
    """Return the spatial frequency of each coefficient of a real Fourier transform, 1/mm, shape (height, width // 2 + 1)."""
    rows = torch.fft.fftfreq(height, pixel, device=device)[:, None]
    columns = torch.fft.rfftfreq(width, pixel, device=device)[None]
    return torch.sqrt(rows**2 + columns**2)


def transfer(frequency: Tensor, scanner: Scanner) -> Tensor:
    """Return the modulation transfer function.

    Parameters
    ----------
    frequency : torch.Tensor
        Spatial frequency, 1/mm.
    scanner : Scanner
        ``resolution`` f_h and ``edge`` e.

    Returns
    -------
    torch.Tensor
        ``(1 + e (f/f_h)^2) 2^(-(f/f_h)^2)``: 1 at frequency 0, so that means are kept; above 1 at medium frequencies for e > ln 2.

    Notes
    -----
    A Gaussian with edge enhancement is a simple stand-in for the measured functions of real kernels.
    """
    squared = (frequency / scanner.resolution) ** 2
    return (1 + scanner.edge * squared) * torch.exp(-math.log(2) * squared)


def noise_amplitude(frequency: Tensor, scanner: Scanner) -> Tensor:
    """Return the square root of the noise power spectrum, up to a factor.

    Filtered back-projection gives a power proportional to ``f MTF(f)^2`` (Riederer, Pelc and Chesler, Phys Med Biol 1978); the floor
    ``low_frequency`` keeps some power at 0.
    """
    return torch.sqrt(frequency + scanner.low_frequency) * transfer(frequency, scanner)


def degrade(hu: Tensor, white: Tensor, pixel: float, scanner: Scanner) -> Tensor:
    """Return slices as the scanner gives them.

    Parameters
    ----------
    hu : torch.Tensor, shape (..., height, width)
        True HU.
    white : torch.Tensor, shape (..., height + 16, width + 16)
        White noise of variance 1, with a border of 8 pixels.
    pixel : float
        Size of a pixel, mm.
    scanner : Scanner
        Whose kernel, noise and calibration.

    Returns
    -------
    torch.Tensor, shape of ``hu``
        HU with blur, noise of SD ``scanner.noise`` in these very pixels, and offset. Noise is independent from slice to slice.
    """
    height, width = hu.shape[-2:]
    flat = hu.reshape(-1, 1, height, width)
    padded = functional.pad(flat, (BORDER,) * 4, mode="reflect").reshape(
        *hu.shape[:-2], height + 2 * BORDER, width + 2 * BORDER
    )
    frequency = frequencies(height + 2 * BORDER, width + 2 * BORDER, pixel, hu.device)
    spectrum = torch.fft.rfft2(padded) * transfer(frequency, scanner)
    if scanner.noise:
        amplitude = noise_amplitude(frequency, scanner)
        power = _mean_square(amplitude, width + 2 * BORDER)
        spectrum += torch.fft.rfft2(white) * (amplitude * (scanner.noise / math.sqrt(power)))
    result = torch.fft.irfft2(spectrum, s=padded.shape[-2:])
    return result[..., BORDER:-BORDER, BORDER:-BORDER] + scanner.offset


def _mean_square(amplitude: Tensor, width: int) -> float:
    """Return the mean of the squared amplitude over all coefficients, those left out by the real transform included."""
    weights = torch.full((amplitude.shape[1],), 2.0, device=amplitude.device)
    weights[0] = 1.0
    if width % 2 == 0:
        weights[-1] = 1.0
    return float((amplitude**2 * weights).sum() / (amplitude.shape[0] * width))
