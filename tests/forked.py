"""Runs the command line in a process forked from one that has imported it: the same code, a fraction of the start-up time.

`test_readme.py` runs the same commands as a person would, with a new interpreter.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from dlrrc_core import pages


def _command(words: tuple[str, ...], cwd: str, folder: str) -> None:
    """Be the process: write to files in a folder, run the command, end with its status."""
    for number, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(Path(folder, name), os.O_WRONLY | os.O_CREAT), number)
    os.chdir(cwd)
    from dlrrc_core.cli import app

    sys.exit(app(words))


def dlrrc(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run ``dlrrc`` with some words in a folder."""
    context: Any = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["dlrrc_core.cli", *pages.PRELOAD])
    with tempfile.TemporaryDirectory() as folder:
        process = context.Process(target=_command, args=(words, str(cwd), folder))
        process.start()
        process.join()
        texts = [Path(folder, name).read_text(encoding="utf-8") for name in ("stdout", "stderr")]
    return subprocess.CompletedProcess(["dlrrc", *words], process.exitcode, *texts)
