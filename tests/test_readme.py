"""The commands of the README run, and the files it names are there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    line.split("#")[0].strip()
    for block in re.findall(r"```bash\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
]
DLRRC = [command for command in COMMANDS if "dlrrc" in command]
MAKE = sorted(set(re.findall(r"\bmake ([a-z]+)\b", README)) - {"and"})


def test_readme_has_the_two_commands_and_the_command_line() -> None:
    assert COMMANDS[:2] == ["make book", "make test"]
    assert len(DLRRC) >= 4


@pytest.mark.parametrize("command", DLRRC)
def test_command_runs_and_prints_something(command: str) -> None:
    words = command.replace(".venv/bin/dlrrc", "dlrrc").split()
    result = subprocess.run(
        [sys.executable, "-m", "dlrrc_core.cli", *words[1:]], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.strip()


@pytest.mark.parametrize("target", MAKE)
def test_make_target_exists(target: str) -> None:
    make = shutil.which("make")
    assert make, "make is needed: apt-get install make"
    result = subprocess.run([make, "--dry-run", target], capture_output=True, text=True, cwd=ROOT, check=False)
    assert result.returncode == 0, result.stderr


def test_make_help_lists_every_target_of_the_readme() -> None:
    listed = subprocess.run(["make", "help"], capture_output=True, text=True, cwd=ROOT, check=True).stdout
    assert [target for target in MAKE if not re.search(rf"^{target}\s", listed, re.MULTILINE)] == []


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_linked_file_exists(link: str) -> None:
    assert (ROOT / link).is_file()
