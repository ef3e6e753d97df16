"""Long computations in pieces: bounded memory, progress on a terminal, and a stopped run that goes on where it was.

Every piece has its own random numbers, derived from the seed and the number of the piece. So the result does not depend on where a
run was stopped, nor on how many processes share the work.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from dlrrc_core.files import write
from dlrrc_core.problems import UsageError

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Checkpoint:
    """A folder that keeps finished pieces; files of another computation are never read, because names carry a digest.

    Attributes
    ----------
    folder : Path
        Made when the first piece is done.
    """

    folder: Path

    def path(self, label: str, digest: str, number: int) -> Path:
        """Return where one piece is kept."""
        return self.folder / f"{label}-{digest}-{number}.npy"


def in_chunks(
    compute: Callable[[np.random.Generator, int], Array],
    total: int,
    size: int,
    seed: int,
    label: str,
    checkpoint: Checkpoint | None = None,
    key: bytes = b"",
) -> Array:
    """Compute rows in pieces and return them as one array.

    Parameters
    ----------
    compute : callable
        Takes a random generator and a number of rows, returns that many rows.
    total : int
        Number of rows wanted.
    size : int
        Rows of one piece.
    seed : int
        Seed of the whole computation.
    label : str
        What is computed, for the progress bar and for file names.
    checkpoint : Checkpoint, optional
        Where finished pieces are kept; by default nowhere.
    key : bytes
        What the rows depend on beside seed and size; pieces are taken up again only when it is the same.

    Returns
    -------
    numpy.ndarray, shape (total, ...)

    Raises
    ------
    UsageError
        When total or size is below 1.
    """
    if total < 1 or size < 1:
        raise UsageError(f"{total} rows in pieces of {size}; allowed: at least 1 of each")
    digest = hashlib.sha256(b"%d %d %d " % (seed, size, total) + key).hexdigest()[:16]
    pieces = []
    numbers = range(0, total, size)
    for number, start in enumerate(tqdm(numbers, desc=label, unit="piece", disable=True if len(numbers) < 4 else None)):
        kept = checkpoint.path(label, digest, number) if checkpoint else None
        if kept is not None and kept.is_file():
            pieces.append(np.load(kept, allow_pickle=False))
            continue
        rows = compute(generator(seed, number), min(size, total - start))
        if kept is not None:
            stream = io.BytesIO()
            np.save(stream, rows, allow_pickle=False)
            write(kept, stream.getvalue())
        pieces.append(rows)
    return np.concatenate(pieces)


def generator(seed: int, number: int) -> np.random.Generator:
    """Return the random numbers of one piece: independent of those of every other piece and seed."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))
