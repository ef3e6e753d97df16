"""Torch on one thread: tests run beside each other, and the sums of several threads differ in the last digit."""

from __future__ import annotations

import torch

torch.set_num_threads(1)
