"""Experiments with known truth: each module has parameters, independent jobs and what one job measures.

A module ``dlrrc_core.baseline.experiments.<id>`` (dashes as underscores) has

- ``Parameters``: a frozen pydantic model of everything that can be chosen; the notebook's parameters cell lists the same names;
- ``jobs(parameters)``: a list of plain dictionaries, one per independent job (a condition and a seed, say);
- ``work(parameters, job, folder)``: runs one job, may keep checkpoints in ``folder``, returns an :class:`Outcome`.
"""

import warnings

with warnings.catch_warnings():  # torch imports it, and in a kernel without ipywidgets its import warns
    warnings.filterwarnings("ignore", message="IProgress not found")
    import tqdm.auto  # noqa: F401

from dlrrc_core.baseline.experiments.grid import Outcome, Parameters
from dlrrc_core.baseline.experiments.runner import from_notebook, run

__all__ = ["Outcome", "Parameters", "from_notebook", "run"]
