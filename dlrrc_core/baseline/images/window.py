"""From Hounsfield units to grey values."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dlrrc_core.problems import UsageError

LIGHTEST = 255


def window(hu: npt.ArrayLike, width: float = 400, level: float = 40) -> npt.NDArray[np.uint8]:
    """Return grey values of a display window.

    Parameters
    ----------
    hu : array_like
        Hounsfield units, any shape.
    width : float, default 400
        Width of the window, HU; at least 1.
    level : float, default 40
        Centre of the window, HU.

    Returns
    -------
    numpy.ndarray of uint8
        0 (black) to 255 (white), same shape; halves are rounded to even.

    Raises
    ------
    UsageError
        When width or level are not finite or the width is below 1.

    Notes
    -----
    The linear function of DICOM PS3.3 C.11.2.1.2.1, with ``c = level - 0.5`` and ``w = width - 1``: 0 where ``hu <= c - w / 2``, 255
    where ``hu > c + w / 2``, else ``((hu - c) / w + 0.5) * 255``. Checked against ``pydicom.pixels.apply_windowing``.

    zuo2021 prints "40 HU (width) and 400 HU (level)". Read so, the window would span 380 to 420 HU and all soft tissue would be black;
    the usual abdominal window is width 400 and level 40, which is what the defaults take it to mean. Check the publisher's copy.
    """
    if not (np.isfinite(width) and np.isfinite(level)) or width < 1:
        raise UsageError(
            f"window of width {width} and level {level}; allowed: finite numbers, a width of at least 1 HU"
        )
    values = np.asarray(hu, dtype=np.float64)
    centre, span = level - 0.5, width - 1
    inside = (values - centre) / span + 0.5 if span > 0 else np.zeros_like(values)
    grey = np.where(values > centre + span / 2, 1.0, np.where(values <= centre - span / 2, 0.0, inside))
    return np.rint(grey * LIGHTEST).astype(np.uint8)
