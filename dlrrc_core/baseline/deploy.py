"""Networks for light devices: check of the exported file, whole numbers of eight bits in place of float32, time and memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
import torch
from onnxruntime.capi import onnxruntime_pybind11_state as runtime_errors
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from scipy.special import softmax

from dlrrc_core.baseline.cases import THRESHOLD
from dlrrc_core.baseline.deploy_export import INPUT, export
from dlrrc_core.baseline.networks import Network
from dlrrc_core.baseline.networks.measures import evaluating
from dlrrc_core.problems import UsageError

__all__ = ["agreement", "answers", "check", "export", "latency", "quantise"]

Floats = npt.NDArray[np.float64]
BATCH = 16
BROKEN = (
    runtime_errors.Fail,
    runtime_errors.InvalidArgument,
    runtime_errors.InvalidGraph,
    runtime_errors.InvalidProtobuf,
    runtime_errors.NotImplemented,
)


def answers(path: Path | str, images: npt.ArrayLike, threads: int = 1) -> Floats:
    """Return what an ONNX file answers, before softmax.

    Parameters
    ----------
    path : Path or str
        From :func:`export` or :func:`quantise`.
    images : array_like, shape (n, channels, ...)
        As the network takes them.
    threads : int, default 1
        Of the processor.

    Returns
    -------
    numpy.ndarray of float64, shape (n, classes)

    Raises
    ------
    UsageError
        When the file cannot be read or the images do not fit it.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = _session(Path(path), options)
    given = _fitting(session, images)
    parts = [session.run(None, {INPUT: given[k : k + BATCH]})[0] for k in range(0, len(given), BATCH)]
    return np.concatenate(parts).astype(np.float64)


def check(path: Path | str, model: Network, images: npt.ArrayLike) -> dict[str, Any]:
    """Return how far the answers of an ONNX file are from those of the network it was made from.

    Parameters
    ----------
    path : Path or str
        From :func:`export`.
    model : Network
        The network; its mode stays.
    images : array_like, shape (n, channels, ...)

    Returns
    -------
    dict
        ``images``, ``largest_difference`` (of the answers before softmax) and the fields of :func:`agreement`.
    """
    first = next(model.parameters())
    given = torch.as_tensor(np.asarray(images))
    with evaluating(model), torch.no_grad():
        parts = [model(part.to(first.device, first.dtype)).double().cpu() for part in given.split(BATCH)]
    expected, found = torch.cat(parts).numpy(), answers(path, images)
    compared = _compared(expected, found)
    return {"largest_difference": float(np.abs(found - expected).max())} | compared


def agreement(path: Path | str, other: Path | str, images: npt.ArrayLike) -> dict[str, Any]:
    """Return how far two ONNX files agree, for instance float32 and int8.

    Parameters
    ----------
    path, other : Path or str
        Files with the same input and classes.
    images : array_like, shape (n, channels, ...)

    Returns
    -------
    dict
        ``images``, ``same_answers`` (share of images with the same answer), ``largest_probability_difference`` and
        ``mean_probability_difference`` (over images and classes, after softmax).

    Notes
    -----
    With two classes the answer is class 1 when its probability is at least 0.5, as in :func:`dlrrc_core.baseline.cases.sample`; with more,
    the most probable class. Whole numbers of eight bits have few values, so that probabilities of exactly 0.5 do occur.
    """
    return _compared(answers(path, images), answers(other, images))


def _compared(expected: Floats, found: Floats) -> dict[str, Any]:
    """Return how far two sets of answers agree."""
    if expected.shape != found.shape:
        raise UsageError(f"answers have shapes {expected.shape} and {found.shape}; allowed: the same number of classes")
    one, other = softmax(expected, axis=1), softmax(found, axis=1)
    apart = np.abs(one - other)
    return {
        "images": len(expected),
        "same_answers": float((_called(one) == _called(other)).mean()),
        "largest_probability_difference": float(apart.max()),
        "mean_probability_difference": float(apart.mean()),
    }


def _called(probability: Floats) -> npt.NDArray[np.int64]:
    """Return the answer for probabilities of shape (n, classes); of two classes an even answer is class 1."""
    called = probability[:, 1] >= THRESHOLD if probability.shape[1] == 2 else probability.argmax(axis=1)
    return np.asarray(called, dtype=np.int64)


def quantise(path: Path | str, target: Path | str, images: npt.ArrayLike) -> Path:
    """Write an ONNX file whose weights and maps are whole numbers of eight bits.

    Parameters
    ----------
    path : Path or str
        Float32, from :func:`export`.
    target : Path or str
        Ends in ``.onnx``.
    images : array_like, shape (n, channels, ...)
        Calibration: images of the training data, from which the range of every map is taken.

    Returns
    -------
    Path
        The target.

    Raises
    ------
    UsageError
        As in :func:`answers`, or when the target does not end in ``.onnx``.

    Notes
    -----
    ``onnxruntime.quantization``, static: 8-bit weights with one scale per channel, unsigned 8-bit maps with one scale each, from the
    least and largest value seen (Jacob et al., 2018, CVPR). Compare with :func:`agreement` on images that were not used here.
    """
    goal = Path(target)
    if goal.suffix != ".onnx":
        raise UsageError(f"the file is {goal.name}; allowed: a name that ends in .onnx")
    given = _fitting(_session(Path(path), onnxruntime.SessionOptions()), images)
    goal.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(str(path), str(prepared), skip_symbolic_shape=True)
        quantize_static(
            str(prepared),
            str(goal),
            _Calibration(given),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
    return goal


class _Calibration(CalibrationDataReader):
    """Hands out the images a few at a time."""

    def __init__(self, images: npt.NDArray[np.float32]) -> None:
        self.parts = iter([images[k : k + BATCH] for k in range(0, len(images), BATCH)])

    def get_next(self) -> dict[str, npt.NDArray[np.float32]] | None:
        """Return the next input, or None after the last."""
        part = next(self.parts, None)
        return None if part is None else {INPUT: part}


def latency(
    network: Network | Path | str, size: int | Sequence[int], repeats: int = 50, threads: int = 1
) -> dict[str, Any]:
    """Return the time for one image, one after the other, and the memory, in a fresh process on the CPU.

    Parameters
    ----------
    network : Network, Path or str
        A network of torch (run as it is, channels last), or an ONNX file (run by onnxruntime).
    size : int or sequence of int
        Pixels along each axis; one number stands for all.
    repeats : int, default 50
        Timed images, after five others.
    threads : int, default 1
        Of the processor.

    Returns
    -------
    dict
        ``runtime`` (torch or onnxruntime), ``size``, ``threads``, ``repeats``; ``median_ms``, ``quartile_1_ms``, ``quartile_3_ms``,
        ``least_ms`` and ``largest_ms`` per image; ``file_mib`` (weights as stored); ``memory_peak_mib`` and ``memory_before_mib``
        of the process, the latter before the network is loaded (interpreter and libraries), None where the system does not tell.

    Raises
    ------
    UsageError
        When a number is out of range, the file cannot be read, or the size does not fit.
    """
    for name, value in (("repeats", repeats), ("threads", threads)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise UsageError(f"{name} is {value!r}; allowed: a whole number from 1")
    with tempfile.TemporaryDirectory() as folder:
        if isinstance(network, Network):
            axes, channels, path = network.axes, network.channels, Path(folder) / "network.pt"
            state = {key: value.cpu() for key, value in network.state_dict().items()}
            torch.save({"recipe": network.recipe, "state": state}, path)
        else:
            path = Path(network)
            shape = _session(path, onnxruntime.SessionOptions()).get_inputs()[0].shape
            axes, channels = len(shape) - 2, shape[1]
        sides = (size,) * axes if isinstance(size, int) else tuple(size)
        request = {"path": str(path), "shape": [channels, *sides], "repeats": repeats, "threads": threads}
        found = _fresh(request)
        stored = path.stat().st_size
    quartiles = np.percentile(found["milliseconds"], [0, 25, 50, 75, 100])
    names = ("least_ms", "quartile_1_ms", "median_ms", "quartile_3_ms", "largest_ms")
    return {
        "runtime": "torch" if isinstance(network, Network) else "onnxruntime",
        "size": "x".join(map(str, sides)),
        "threads": threads,
        "repeats": repeats,
        **{name: float(value) for name, value in zip(names, quartiles, strict=True)},
        "file_mib": stored / 2**20,
        "memory_before_mib": found["memory_before_mib"],
        "memory_peak_mib": found["memory_peak_mib"],
    }


def _fresh(request: dict[str, Any]) -> dict[str, Any]:
    """Measure in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "dlrrc_core.baseline.deploy_latency"],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": str(request["threads"])},
        check=False,
    )
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise UsageError(f"the network could not be timed at {request['shape']} (channels first): {reason}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _session(path: Path, options: Any) -> Any:
    """Return a session of onnxruntime on the CPU."""
    if not path.is_file():
        raise UsageError(f"there is no file {path}; allowed: a file of export")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except BROKEN as error:
        raise UsageError(f"{path} cannot be read as ONNX ({str(error).splitlines()[0][:200]})") from error


def _fitting(session: Any, images: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Return the images in the type of the file, if their shape is that of its input."""
    given, wanted = np.asarray(images), session.get_inputs()[0].shape
    if given.ndim != len(wanted) or len(given) == 0 or list(given.shape[1:]) != wanted[1:]:
        raise UsageError(f"images have shape {given.shape}; allowed: at least one, then {tuple(wanted[1:])}")
    return given.astype(np.float32)
