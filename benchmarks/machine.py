"""What times were measured on, and where results are kept."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/results"


def machine(*packages: str) -> dict[str, str]:
    """Describe what the times were measured on, with the versions of some packages."""
    model = next(
        (line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor(),
    )
    memory = next((int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    return {
        "processor": model,
        "cores": str(os.cpu_count()),
        "memory": f"{memory / 2**20:.0f} GiB",
        "system": platform.platform(),
        "python": platform.python_version(),
        **{name: version(name) for name in packages},
        "commit": commit,
        "date": time.strftime("%Y-%m-%d"),
    }


def _lines(path: str) -> list[str]:
    """Return the lines of a file, none where the system has no such file."""
    return Path(path).read_text(encoding="utf-8").splitlines() if Path(path).exists() else []


def described(facts: dict[str, str]) -> str:
    """Return the description as Markdown."""
    return "\n".join(["Machine and versions:", "", *(f"- {name}: {value}" for name, value in facts.items())])


def write_results(name: str, data: str, text: str, folder: Path = RESULTS) -> None:
    """Write results as JSON and Markdown, and print the latter."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(data + "\n", encoding="utf-8")
    (folder / f"{name}.md").write_text(text, encoding="utf-8")
    print(text)
