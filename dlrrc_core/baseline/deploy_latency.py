"""Time and memory of one network in a process of its own: ``python -m dlrrc_core.baseline.deploy_latency``.

A request comes as JSON on the standard input, the result leaves as JSON on the standard output. Nothing else is imported than the
network needs, so that the memory is that of a program which only answers; torch only for a network of torch.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

WARM_UP = 5
MEBIBYTE = 2**20


def main() -> None:
    """Answer one request; see :func:`measure`."""
    print(json.dumps(measure(**json.load(sys.stdin))))


def measure(path: str, shape: list[int], repeats: int, threads: int) -> dict[str, Any]:
    """Return times and memory of one network, one image at a time.

    Parameters
    ----------
    path : str
        A file ``.onnx``, or one of ``torch.save`` with ``recipe`` and ``state``.
    shape : list of int
        Shape of the image, without the number of images.
    repeats : int
        Timed passes, after :data:`WARM_UP` others.
    threads : int
        Of the processor.

    Returns
    -------
    dict
        ``milliseconds`` (list of float), ``memory_before_mib`` (peak before the network is loaded) and ``memory_peak_mib``,
        None where the system does not tell.
    """
    images = np.sin(np.arange(np.prod(shape)) * 0.37).reshape(1, *shape).astype(np.float32)
    answer, before = (_onnx if Path(path).suffix == ".onnx" else _torch)(path, images, threads)
    times = []
    for _ in range(WARM_UP + repeats):
        begin = perf_counter()
        answer()
        times.append(1000 * (perf_counter() - begin))
    return {"milliseconds": times[WARM_UP:], "memory_before_mib": before, "memory_peak_mib": peak_memory()}


def _onnx(path: str, images: Any, threads: int) -> tuple[Callable[[], Any], float | None]:
    """Return what runs an ONNX file once, and the memory before it was loaded."""
    import onnxruntime

    before = peak_memory()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    given = {session.get_inputs()[0].name: images}
    return lambda: session.run(None, given), before


def _torch(path: str, images: Any, threads: int) -> tuple[Callable[[], Any], float | None]:
    """Return what runs a network of torch once, and the memory before it was loaded."""
    import torch

    from dlrrc_core.baseline.networks import build

    before = peak_memory()
    torch.set_num_threads(threads)
    stored = torch.load(path, weights_only=True)
    model = build(**stored["recipe"])
    model.load_state_dict(stored["state"])
    layout = torch.channels_last if model.axes == 2 else torch.channels_last_3d
    model = model.eval().to(memory_format=layout)
    given = torch.from_numpy(images).to(memory_format=layout)

    def answer() -> Any:
        with torch.inference_mode():
            return model(given)

    return answer, before


def peak_memory() -> float | None:
    """Return the most memory that this process has held, MiB, or None where the system does not tell.

    Notes
    -----
    On Linux ``VmHWM``: ``ru_maxrss`` starts with the peak of the program that started this one (the kernel hands it on through
    ``execve``), so that it would be the memory of a notebook.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    try:
        import resource
    except ImportError:  # Windows
        return None
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / MEBIBYTE if sys.platform == "darwin" else used / 1024


if __name__ == "__main__":
    main()
