"""Time the training recipe against a plain tutorial loop: ``python benchmarks/training.py [--size 256] [--device cpu] [--runs 3]``.

The peer is the loop that common tutorials show: a Dataset that augments one image at a time with Pillow, a DataLoader with workers, float32,
channels first, the loss read at every step. Both sides train the same network from the same weights on the same images with the same batch and
optimiser, in turn, in one run; only training steps are timed, after a warm-up. A convolution-free product of matrices gives the peak of the device.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from machine import described, machine, write_results
from PIL import Image, ImageEnhance, ImageFilter
from torch import nn
from torch.profiler import ProfilerActivity, profile
from torch.utils.data import DataLoader, Dataset

from dlrrc_core.baseline import networks, phantom
from dlrrc_core.baseline.slices import Slices
from dlrrc_core.baseline.training import Settings, fit

WARM_UP = 3  # steps of the peer that are not timed; ours has a whole epoch
FLOPS_TRAINING = 3  # passes: forward, and twice as much backward


class TutorialImages(Dataset):
    """One image at a time, augmented with Pillow: blur, rotation, flips, brighter or darker."""

    def __init__(self, slices: Slices, variants: int) -> None:
        self.slices, self.variants = slices, variants

    def __len__(self) -> int:
        return len(self.slices) * self.variants

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        rng = np.random.default_rng()
        image = Image.fromarray(self.slices.pixels[index % len(self.slices), 0]).convert("RGB")
        if rng.random() < 0.5:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        if rng.random() < 0.5:
            image = image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
        image = image.rotate(rng.uniform(-15, 15), resample=Image.Resampling.BILINEAR)
        image = ImageEnhance.Brightness(image).enhance(rng.uniform(0.8, 1.2))
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0, 1)))
        pixels = torch.from_numpy(np.asarray(image).copy()).permute(2, 0, 1).float() / 255
        return (pixels - 0.5) / 0.25, int(self.slices.label[index % len(self.slices)])


def tutorial(slices: Slices, device: str, steps: int, workers: int) -> float:
    """Return images per second of the plain loop."""
    model = networks.build("mobilenetv2", classes=2, seed=1).to(device)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.005)
    loader = DataLoader(TutorialImages(slices, 15), batch_size=24, shuffle=True, num_workers=workers, drop_last=True)
    model.train()
    seen, began = 0, 0.0
    for step, (images, labels) in enumerate(loader):
        if step == WARM_UP:
            began = time.perf_counter()
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(model(images.to(device)), labels.to(device))
        loss.backward()
        optimiser.step()
        loss.item()  # as for a running mean
        if step >= WARM_UP:
            seen += len(labels)
        if step + 1 == WARM_UP + steps:
            break
    return seen / (time.perf_counter() - began)


def ours(train: Slices, valid: Slices, settings: Settings) -> tuple[float, dict[str, Any]]:
    """Return images per second of the second epoch, and the record of the training."""
    with tempfile.TemporaryDirectory() as folder:
        found = fit(train, valid, settings, Path(folder) / "run")
    return float(found.history[-1]["images_per_second"]), found.record


def peak(device: str, kind: torch.dtype, size: int = 2048) -> float:
    """Return the operations per second of a product of matrices, the most that the device was seen to do."""
    a, b = (torch.randn(size, size, device=device).to(kind) for _ in range(2))
    best = 0.0
    for _ in range(5):
        began = time.perf_counter()
        (a @ b).sum().item()
        best = max(best, 2 * size**3 / (time.perf_counter() - began))
    return best


def where(slices: Slices, settings: Settings, valid: Slices) -> list[dict[str, Any]]:
    """Return the operations that take most of the time of an epoch."""
    activities = [ProfilerActivity.CPU] + ([ProfilerActivity.CUDA] if settings.device != "cpu" else [])
    with profile(activities=activities) as found:
        ours(slices, valid, settings.changed(epochs=1, compile=False))
    name = "self_cpu_time_total" if settings.device == "cpu" else "self_device_time_total"
    events = sorted(found.key_averages(), key=lambda each: -getattr(each, name))
    total = sum(getattr(each, name) for each in events)
    return [{"operation": each.key, "percent": 100 * getattr(each, name) / total} for each in events[:8]]


def main() -> None:
    """Measure, compare and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--steps", type=int, default=6, help="timed steps of each side")
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    per_patient = max(2, asked.steps * 24 // 12)
    cohort = phantom.Cohort(patients=12, slices_per_patient=per_patient, size=asked.size, roi="tumour", seed=1)
    train = phantom.slices(cohort, asked.device)
    valid = train.select(np.arange(0, len(train), per_patient))
    base = Settings(epochs=2, patience=None, variants_per_epoch=1, device=asked.device, checkpoint_epochs=0)
    ways = {
        "float32": base,
        "bf16": base.changed(precision="bf16"),
        "bf16, compiled": base.changed(precision="bf16", compile=True),
    }
    flops = FLOPS_TRAINING * networks.flops(networks.build("mobilenetv2"), (1, 3, asked.size, asked.size))
    rates: dict[str, list[float]] = {"tutorial": []} | {name: [] for name in ways}
    for _ in range(asked.runs):
        rates["tutorial"].append(tutorial(train, asked.device, asked.steps, asked.workers))
        for name, settings in ways.items():
            rates[name].append(ours(train, valid, settings)[0])
    tops = {name: peak(asked.device, torch.bfloat16 if "bf16" in name else torch.float32) for name in rates}
    reference = statistics.median(rates["tutorial"])
    rows = [
        {
            "way": name,
            "images_per_second": statistics.median(found),
            "ratio": statistics.median(found) / reference,
            "percent_of_peak": 100 * statistics.median(found) * flops / tops[name],
            "runs": found,
        }
        for name, found in rates.items()
    ]
    best = max(ways, key=lambda name: statistics.median(rates[name]))
    result = {
        "machine": machine("torch", "numpy", "pillow"),
        "device": asked.device,
        "threads": torch.get_num_threads(),
        "size": asked.size,
        "steps": asked.steps,
        "rows": rows,
        "where": where(train, ways[best], valid),
    }
    lines = [
        f"# Training of MobileNetV2 at {asked.size} x {asked.size}, batch 24, against a tutorial loop",
        "",
        f"Device {asked.device}, {result['threads']} threads; median of {asked.runs} runs in turn, {asked.steps} timed steps each.",
        "",
        "| way | images per second | ratio | share of the device's peak, % |",
        "|---|---|---|---|",
        *(
            f"| {row['way']} | {row['images_per_second']:.1f} | {row['ratio']:.2f} | {row['percent_of_peak']:.1f} |"
            for row in rows
        ),
        "",
        f"Where the time goes ({best}, not compiled): "
        + ", ".join(f"{each['operation']} {each['percent']:.0f} %" for each in result["where"])
        + ".",
        "",
        described(result["machine"]),
    ]
    write_results(f"training-{asked.size}-{asked.device}", json.dumps(result, indent=1), "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
