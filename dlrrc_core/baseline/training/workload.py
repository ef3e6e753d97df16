"""What a training runs on and how much memory it takes."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import torch

GIB = 2**30


class PeakMemory:
    """Largest memory since this was made: of a GPU what torch had allocated, of a CPU the process as a whole.

    Parameters
    ----------
    device : torch.device
        Where the training runs.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)

    def peak(self) -> dict[str, Any]:
        """Return ``bytes`` (None where the system does not say) and ``of``, what was measured."""
        if self.device.type == "cuda":
            return {"bytes": torch.cuda.max_memory_allocated(self.device), "of": "tensors on the GPU"}
        try:
            import resource
        except ImportError:  # Windows
            return {"bytes": None, "of": "not measured on this system"}
        unit = 1 if sys.platform == "darwin" else 1024
        return {"bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit, "of": "the process since its start"}


def software() -> dict[str, str | None]:
    """Return the versions of what a training runs on; None for what is not there."""
    cudnn = torch.backends.cudnn.version() if torch.backends.cudnn.is_available() else None
    return {
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "numpy": str(np.__version__),
        "cuda": torch.version.cuda,
        "cudnn": None if cudnn is None else str(cudnn),
        "system": f"{platform.system()} {platform.machine()}",
    }


def hardware(device: str = "cpu") -> dict[str, Any]:
    """Return the machine.

    Parameters
    ----------
    device : str, default "cpu"
        ``cpu``, ``cuda`` or ``cuda:0``.

    Returns
    -------
    dict
        ``device``, ``cpu`` (name), ``cores`` (that the process may use), ``threads`` (of torch), ``memory_gib``, ``gpu`` (name or None),
        ``gpu_memory_gib`` (None without a GPU).
    """
    found: dict[str, Any] = {
        "device": device,
        "cpu": _cpu_name(),
        "cores": joblib.cpu_count(),
        "threads": torch.get_num_threads(),
        "memory_gib": _memory_gib(),
        "gpu": None,
        "gpu_memory_gib": None,
    }
    if device.startswith("cuda") and torch.cuda.is_available():
        about = torch.cuda.get_device_properties(torch.device(device))
        found |= {"gpu": about.name, "gpu_memory_gib": round(about.total_memory / GIB, 1)}
    return found


def _cpu_name() -> str:
    """Return the name of the processor as the system gives it."""
    listing = Path("/proc/cpuinfo")
    if listing.is_file():
        for line in listing.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _memory_gib() -> float | None:
    """Return the memory of the machine, or None where the system does not say."""
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB, 1)
    except (AttributeError, ValueError, OSError):
        return None
