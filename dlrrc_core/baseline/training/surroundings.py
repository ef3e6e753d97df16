"""Global switches of torch for the time of a training; they are put back afterwards."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from dlrrc_core.baseline.training.settings import Settings


def seed_of(*parts: int) -> int:
    """Return a seed for torch, 0 to 2^63 - 1, from several numbers: other numbers, another seed."""
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0] >> np.uint64(1))


@contextmanager
def surroundings(settings: Settings, device: torch.device, rank: int = 0) -> Iterator[None]:
    """Seed torch's own generators, which dropout uses, and allow only deterministic algorithms when asked.

    Parameters
    ----------
    settings : Settings
        Seed and ``deterministic``.
    device : torch.device
        Where the training runs.
    rank : int, default 0
        Number of this process: each draws its own dropout.
    """
    before = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    benchmark = torch.backends.cudnn.benchmark
    if settings.deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS needs it to be deterministic
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed_of(settings.seed, rank))
        try:
            torch.use_deterministic_algorithms(settings.deterministic)
            torch.backends.cudnn.benchmark = not settings.deterministic
            yield
        finally:
            torch.use_deterministic_algorithms(before[0], warn_only=before[1])
            torch.backends.cudnn.benchmark = benchmark
