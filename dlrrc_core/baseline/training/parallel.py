"""Several processes that train one model, each on its share of every batch; with one process nothing is exchanged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel


@dataclass(frozen=True)
class Replicas:
    """Place of this process among those that train together.

    Attributes
    ----------
    rank : int, default 0
        Number of this process; number 0 writes files.
    count : int, default 1
        Number of processes; more than one need ``torch.distributed`` to be set up.
    """

    rank: int = 0
    count: int = 1

    def wrap(self, model: nn.Module, device: torch.device) -> nn.Module:
        """Return the model so that its gradients are averaged over all processes; batch statistics are shared on CUDA only."""
        if self.count == 1:
            return model
        return DistributedDataParallel(model, device_ids=[device] if device.type == "cuda" else None)

    def share(self, rows: torch.Tensor) -> torch.Tensor:
        """Return the part of a batch that belongs to this process."""
        return rows[self.rank :: self.count]

    def sum(self, values: torch.Tensor) -> torch.Tensor:
        """Return the sum over all processes, in place."""
        if self.count > 1:
            distributed.all_reduce(values)
        return values

    def same(self, tensors: list[torch.Tensor]) -> None:
        """Overwrite tensors with those of process 0."""
        if self.count > 1:
            for tensor in tensors:
                distributed.broadcast(tensor, src=0)

    def gather(self, value: Any) -> list[Any]:
        """Return the value of every process, by rank."""
        if self.count == 1:
            return [value]
        found: list[Any] = [None] * self.count
        distributed.all_gather_object(found, value)
        return found

    def wait(self) -> None:
        """Return when every process has come here."""
        if self.count > 1:
            distributed.barrier()


ALONE = Replicas()
