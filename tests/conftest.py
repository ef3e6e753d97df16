"""Fixtures shared by the suite."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import forked
import pytest

from dlrrc_core import repository
from dlrrc_core.repository import Repository

ROOT = Path(__file__).parents[1]
os.environ["OMP_NUM_THREADS"] = (
    "1"  # torch, here and in processes started from here: tests run beside each other, and sums of threads differ
)


@pytest.fixture(scope="session")
def repo() -> Repository:
    """Return the records of this checkout."""
    return repository.load(ROOT)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a copy of data and templates that a test may break."""
    for name in ("data", "notebooks"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path


def dlrrc(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    return forked.dlrrc(*words, cwd=cwd)


def tree_hash(folder: Path) -> str:
    """Return a hash over names and contents of all files of a folder."""
    found = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        found.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return found.hexdigest()
