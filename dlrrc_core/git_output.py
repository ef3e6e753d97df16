"""Asking git, without its colours, pagers and locks."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from dlrrc_core.problems import UsageError

SETTINGS = ("-c", "core.quotePath=false", "-c", "log.showSignature=false", "-c", "core.fsmonitor=false")


def git(
    root: Path, *words: str, missing: str, silent: str = "no message", given: bytes = b"", seconds: float = 60
) -> bytes:
    """Return what a git command prints.

    Parameters
    ----------
    root : Path
        Folder in which git runs.
    *words : str
        The command.
    missing : str
        What to say when git is not installed.
    silent : str, default "no message"
        What to say when git refuses without a word.
    given : bytes
        Standard input.
    seconds : float, default 60
        Longest time it may take.

    Returns
    -------
    bytes

    Raises
    ------
    UsageError
        When git is missing, refuses or takes too long.
    """
    try:
        done = subprocess.run(
            ["git", *SETTINGS, "-C", str(root), *words],
            input=given,
            capture_output=True,
            timeout=seconds,
            env={**os.environ, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"},
            check=False,
        )
    except FileNotFoundError as error:
        raise UsageError(missing) from error
    except subprocess.TimeoutExpired as error:
        raise UsageError(f"git {words[0]} took longer than {seconds:g} seconds; nothing was read") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise UsageError(f"git {words[0]} failed in {root}: {said[0] if said else silent}")
    return done.stdout
