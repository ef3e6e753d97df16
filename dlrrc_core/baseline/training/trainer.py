"""The state of a training, one epoch at a time, and its way into and out of a checkpoint."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torch.optim import lr_scheduler

from dlrrc_core.baseline.training import augment, checkpoint
from dlrrc_core.baseline.training.data import Images, on_device
from dlrrc_core.baseline.training.errors import TrainingError, not_finite
from dlrrc_core.baseline.training.model import Classifier, build, outputs, training_mode
from dlrrc_core.baseline.training.parallel import Replicas
from dlrrc_core.baseline.training.plan import Plan, plan
from dlrrc_core.baseline.training.settings import Settings
from dlrrc_core.baseline.training.surroundings import seed_of

CHECK_EVERY = 25  # steps; looking at a value makes the processor wait for a GPU
VALIDATION_BATCH = 256
PRECISIONS = {"float32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


class Trainer:
    """A training that can be stopped after any step.

    Parameters
    ----------
    train, valid : Slices or Volumes
        Checked images.
    settings : Settings
    device : torch.device
    path : Path
        Checkpoint.
    replicas : Replicas
        This process among those that train together.
    """

    def __init__(
        self, train: Images, valid: Images, settings: Settings, device: torch.device, path: Path, replicas: Replicas
    ) -> None:
        self.settings, self.device, self.path, self.replicas = settings, device, path, replicas
        self.data = checkpoint.data_digest(train, valid)
        self.images, self.labels = on_device(train, settings, device)
        self.valid_images, self.valid_labels = on_device(valid, settings, device)
        self.model: Classifier = build(train, settings).to(device)
        if replicas.count > 1 and device.type == "cuda":
            self.model = nn.SyncBatchNorm.convert_sync_batchnorm(self.model)
        compiled = torch.compile(self.model, dynamic=False) if settings.compile else self.model
        self.stepper = replicas.wrap(compiled, device)
        self.optimiser = _optimiser(self.model, settings)
        self.scheduler = _scheduler(self.optimiser, settings)
        self.scaler = torch.amp.GradScaler(device.type, enabled=settings.precision == "fp16")
        self.generator = torch.Generator(device).manual_seed(seed_of(settings.seed, 0))
        self.history: list[dict[str, Any]] = []
        self.best: dict[str, Any] = {"rank": (math.inf, math.inf), "epoch": 0, "weights": {}}
        self.step, self.elapsed = 0, 0.0  # inside the epoch: steps done, seconds of training steps
        self.losses = torch.zeros(0, device=device)  # one value per step, looked at only now and then
        self.correct = torch.zeros((), dtype=torch.int64, device=device)

    @property
    def finished(self) -> bool:
        """Whether all epochs are done or no epoch was better than the best for ``patience`` epochs."""
        done, patience = len(self.history), self.settings.patience
        return done >= self.settings.epochs or (patience is not None and done - self.best["epoch"] >= patience)

    def epoch(self) -> dict[str, Any]:
        """Train to the end of the epoch, validate, keep the weights when they are the best, and return the row of the history."""
        number = len(self.history) + 1
        order = plan(len(self.labels), self.settings, number, self.device, self.replicas.count)
        rate = self.optimiser.param_groups[0]["lr"]
        if self.step == 0:
            self.losses = torch.zeros(order.steps, device=self.device)
            self.correct.zero_()
        training_mode(self.model, self.settings)
        began, before = time.perf_counter(), self.elapsed
        every = self.settings.checkpoint_steps
        while self.step < order.steps:
            self._learn(order)
            self.step += 1
            at_checkpoint = every and self.step % every == 0 and self.step < order.steps
            if at_checkpoint or self.step % CHECK_EVERY == 0 or self.step == order.steps:
                self._refuse_infinite_loss(number)
            if at_checkpoint:
                self.elapsed = before + time.perf_counter() - began
                self._save(number, self.step)
        totals = self.replicas.sum(torch.stack([(self.losses.double() * order.sizes()).sum(), self.correct.double()]))
        train_loss, train_accuracy = (totals / order.borders[-1]).tolist()
        steps_took = before + time.perf_counter() - began
        valid_loss, valid_accuracy = self._validate()
        if not math.isfinite(valid_loss):
            raise self._not_finite("validation loss", number, self.step)
        row = {
            "epoch": number,
            "train_loss": train_loss,
            "train_accuracy": train_accuracy,
            "valid_loss": valid_loss,
            "valid_accuracy": valid_accuracy,
            "learning_rate": rate,
            "seconds": before + time.perf_counter() - began,
            "images_per_second": order.borders[-1] / steps_took,
        }
        self.history.append(row)
        self.step, self.elapsed = 0, 0.0
        rank = self.settings.rank(valid_loss, valid_accuracy)
        if rank < tuple(self.best["rank"]):
            weights = {name: value.detach().clone() for name, value in self.model.state_dict().items()}
            self.best = {"rank": rank, "epoch": number, "weights": weights}
        if isinstance(self.scheduler, lr_scheduler.ReduceLROnPlateau):
            self.scheduler.step(valid_loss)
        elif self.scheduler is not None:
            self.scheduler.step()
        if self.settings.checkpoint_epochs and (self.finished or number % self.settings.checkpoint_epochs == 0):
            self._save(number, order.steps)
        return row

    def best_model(self) -> Classifier:
        """Return the model with the best weights, in evaluation mode."""
        self.model.load_state_dict(self.best["weights"])
        return self.model.eval()

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where a checkpoint was written; ``state`` as :func:`dlrrc_core.baseline.training.checkpoint.load` returns it."""
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.scaler.load_state_dict(state["scaler"])
        if self.scheduler is not None:
            self.scheduler.load_state_dict(state["scheduler"])
        self.generator.set_state(state["generator"].cpu())
        random = state["random"][self.replicas.rank]
        torch.set_rng_state(random["cpu"].cpu())
        if self.device.type == "cuda":
            torch.cuda.set_rng_state(random["cuda"].cpu(), self.device)
        self.history, self.best = list(state["history"]), dict(state["best"])
        self.step, self.elapsed = state["step"], state["elapsed"]
        losses, correct = state["sums"][self.replicas.rank]
        self.losses, self.correct = losses.to(self.device), correct.to(self.device)

    def _learn(self, order: Plan) -> None:
        """Do one step."""
        part = slice(order.borders[self.step], order.borders[self.step + 1])
        size = part.stop - part.start
        changes = self._changes(order.variant[part], size)  # of the whole batch: the same whoever takes which image
        rows = self.replicas.share(order.image[part])
        pixels, labels = self.images[rows].float(), self.labels[rows]
        if changes is not None:
            mine = slice(self.replicas.rank, None, self.replicas.count)
            pixels = augment.apply(pixels, changes.rows(mine))
        self.optimiser.zero_grad(set_to_none=True)
        kind = PRECISIONS[self.settings.precision]
        try:
            with torch.autocast(self.device.type, dtype=kind, enabled=kind != torch.float32):
                logits = self.stepper(pixels).float()
        except torch._dynamo.exc.TorchDynamoException as error:
            reason = str(error).strip().splitlines()[0]
            raise TrainingError(
                f"torch.compile cannot compile {self.settings.network} here ({type(error).__name__}: {reason});"
                " allowed: compile=False, or a machine with a C++ compiler (CPU) or Triton (CUDA)"
            ) from error
        loss = (
            functional.cross_entropy(logits, labels, reduction="sum", label_smoothing=self.settings.label_smoothing)
            / size
        )
        self.scaler.scale(loss * self.replicas.count).backward()  # gradients are averaged over the processes
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self.losses[self.step] = loss.detach()
        self.correct += (logits.argmax(dim=1) == labels).sum()

    def _changes(self, variant: torch.Tensor, size: int) -> augment.Changes | None:
        """Draw the changes of a batch."""
        if self.settings.augmentation == "15-fold":
            return augment.fifteen(variant, self.generator)
        return augment.light(size, self.generator) if self.settings.augmentation == "light" else None

    def _validate(self) -> tuple[float, float]:
        """Return loss and accuracy on the validation images, in float32, as process 0 finds them."""
        self.replicas.same(list(self.model.buffers()))  # running statistics differ between processes
        logits = outputs(self.model, self.valid_images, VALIDATION_BATCH).double()
        loss = functional.cross_entropy(logits, self.valid_labels)
        accuracy = (logits.argmax(dim=1) == self.valid_labels).double().mean()
        found = torch.stack([loss, accuracy])
        self.replicas.same([found])
        return found[0].item(), found[1].item()

    def _refuse_infinite_loss(self, epoch: int) -> None:
        """Raise when the loss of a step so far is not finite in any process."""
        bad = self.replicas.sum((~torch.isfinite(self.losses[: self.step])).double())
        if bad.any():
            raise self._not_finite("training loss", epoch, int(torch.nonzero(bad)[0]) + 1)

    def _not_finite(self, what: str, epoch: int, step: int) -> TrainingError:
        """Return the error for a value that is not finite."""
        rate = self.optimiser.param_groups[0]["lr"]
        kept = self.path if self.path.is_file() else None
        return not_finite(what, epoch, step, rate, self.settings.precision, kept)

    def _save(self, epoch: int, step: int) -> None:
        """Write a checkpoint, unless a weight is not finite; ``step`` was the last one."""
        weights = torch.stack([value.detach().float().sum() for value in self.model.parameters()])
        if not torch.isfinite(weights).all():
            raise self._not_finite("sum of some weights", epoch, step)
        random = {"cpu": torch.get_rng_state()}
        if self.device.type == "cuda":
            random["cuda"] = torch.cuda.get_rng_state(self.device)
        everyone = self.replicas.gather((random, (self.losses.cpu(), self.correct.cpu())))
        if self.replicas.rank == 0:
            state = {
                "model": self.model.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "scheduler": None if self.scheduler is None else self.scheduler.state_dict(),
                "scaler": self.scaler.state_dict(),
                "generator": self.generator.get_state(),
                "random": [each[0] for each in everyone],
                "sums": [each[1] for each in everyone],
                "history": self.history,
                "best": self.best,
                "step": self.step,
                "elapsed": self.elapsed,
            }
            checkpoint.save(self.path, state, self.settings, self.data, self.replicas.count)


def _optimiser(model: nn.Module, settings: Settings) -> torch.optim.Optimizer:
    """Return the optimiser; fused: one call for all weights."""
    weights = [value for value in model.parameters() if value.requires_grad]
    shared: dict[str, Any] = {"lr": settings.learning_rate, "weight_decay": settings.weight_decay, "fused": True}
    if settings.optimiser == "adam":
        return torch.optim.Adam(weights, **shared)
    return torch.optim.SGD(weights, momentum=settings.momentum, **shared)


def _scheduler(optimiser: torch.optim.Optimizer, settings: Settings) -> lr_scheduler.LRScheduler | None:
    """Return what changes the learning rate after each epoch, or None."""
    if settings.schedule == "cosine":
        return lr_scheduler.CosineAnnealingLR(optimiser, T_max=settings.epochs)
    if settings.schedule == "plateau":
        return lr_scheduler.ReduceLROnPlateau(optimiser, factor=0.1, patience=settings.schedule_patience)
    return None
