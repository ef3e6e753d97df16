"""Experiments with known truth: each module has parameters, independent jobs and what one job measures.

A module ``dlrrc_core.baseline.experiments.<id>`` (dashes as underscores) has

- ``Parameters``: a frozen pydantic model of everything that can be chosen; the notebook's parameters cell lists the same names;
- ``jobs(parameters)``: a list of plain dictionaries, one per independent job (a condition and a seed, say);
- ``work(parameters, job, folder)``: runs one job, may keep checkpoints in ``folder``, returns an :class:`Outcome`.
"""

from dlrrc_core.baseline.experiments.grid import Outcome, Parameters
from dlrrc_core.baseline.experiments.runner import run

__all__ = ["Outcome", "Parameters", "run"]
