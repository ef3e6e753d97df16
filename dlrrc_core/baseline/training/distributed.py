"""One training in several processes, started by torchrun.

``python -m torch.distributed.run --nproc_per_node 2 -m dlrrc_core.baseline.training.distributed --settings settings.json
--data slices.npz --folder out`` divides every batch among the processes. The gradient is that of the whole batch. On CUDA (NCCL)
batch normalisation uses the whole batch too; on the CPU (Gloo) each process normalises by its own part of it, so that a network with
batch normalisation learns a little differently than in one process.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
from torch import distributed

from dlrrc_core import files
from dlrrc_core.baseline.training.data import load
from dlrrc_core.baseline.training.loop import fit
from dlrrc_core.baseline.training.model import digest, save_model
from dlrrc_core.baseline.training.parallel import Replicas
from dlrrc_core.baseline.training.settings import Settings
from dlrrc_core.baseline.training.split import split
from dlrrc_core.problems import UsageError

TIMEOUT = timedelta(minutes=10)
FROM_TORCHRUN = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")


def read_settings(path: Path) -> Settings:
    """Read settings from a JSON file.

    Raises
    ------
    UsageError
        When there is no such file, it is no JSON object, or a setting is wrong.
    """
    if not path.is_file():
        raise UsageError(f"there is no file {path}; allowed: settings as JSON")
    try:
        values: Any = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageError(f"{path} is no JSON ({error}); allowed: settings as JSON") from error
    if not isinstance(values, dict):
        raise UsageError(f"{path} holds {type(values).__name__}; allowed: an object with settings by name")
    return Settings(**values)


def train(settings: Settings, data: Path, folder: Path, replicas: Replicas) -> str:
    """Train on the slices of a file, divided as the settings say; process 0 writes what came out.

    Parameters
    ----------
    settings : Settings
        Of the training.
    data : Path
        Slices, written by :func:`dlrrc_core.baseline.training.save`.
    folder : Path
        Gets ``checkpoint.pt``, ``model.pt`` (see :func:`dlrrc_core.baseline.training.load_model`) and ``record.json`` (the record with
        ``history`` and the ``weights_by_process``, which are the same).
    replicas : Replicas
        This process.

    Returns
    -------
    str
        SHA-256 of the weights in this process.
    """
    slices = load(data)
    learned, checked = split(slices, settings.split, (settings.train, settings.valid), settings.seed)
    result = fit(slices.select(learned), slices.select(checked), settings, folder, replicas=replicas)
    own = digest(result.model)
    everyone = replicas.gather(own)
    if replicas.rank == 0:
        save_model(result.model, settings, slices.classes, folder / "model.pt")
        record = {**result.record, "history": result.history, "weights_by_process": everyone}
        files.write(folder / "record.json", (json.dumps(record, indent=1) + "\n").encode())
    replicas.wait()
    return own


def main(words: Sequence[str] | None = None) -> int:
    """Run one process of a training; torchrun says which. Return 0, or 2 after a message about what is wrong."""
    parser = argparse.ArgumentParser(description="One training in several processes; start it with torchrun.")
    parser.add_argument("--settings", type=Path, required=True, help="JSON file with settings by name")
    parser.add_argument("--data", type=Path, required=True, help="npz file with slices")
    parser.add_argument("--folder", type=Path, required=True, help="where checkpoint, model and record are written")
    asked = parser.parse_args(words)
    try:
        if missing := [name for name in FROM_TORCHRUN if name not in os.environ]:
            raise UsageError(
                f"{', '.join(missing)} not set; start this with: python -m torch.distributed.run --nproc_per_node 2 -m ..."
            )
        settings = read_settings(asked.settings)
        replicas = Replicas(int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"]))
        if settings.device != "cpu":  # each process of a machine has its own GPU
            settings = settings.changed(device=f"cuda:{os.environ['LOCAL_RANK']}")
            torch.cuda.set_device(settings.usable_device())
        distributed.init_process_group("gloo" if settings.device == "cpu" else "nccl", timeout=TIMEOUT)
        try:
            train(settings, asked.data, asked.folder, replicas)
        finally:
            distributed.destroy_process_group()
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
