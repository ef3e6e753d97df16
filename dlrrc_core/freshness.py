"""Tells whether a page is stale: a hash of everything that shapes it."""

from __future__ import annotations

import ast
import functools
import hashlib
import json
import sys
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from dlrrc_core import execution
from dlrrc_core.execution import Job

SHAPING = (
    "ipython",
    "jupytext",
    "matplotlib",
    "nbformat",
    "numpy",
    "pandas",
    "papermill",
    "plotly",
    "scipy",
    "seaborn",
    "statsmodels",
)


def fingerprint(job: Job, data: Iterable[Path]) -> str:
    """Return a hash of everything that shapes a page."""
    root = Path(job.root)
    files = [root / job.template, *data, *library_sources(root / job.template)]
    parts = [
        json.dumps(
            [
                job.template,
                dict(job.parameters),
                dict(job.words),
                sys.version_info[:2],
                [version(name) for name in SHAPING],
            ]
        )
    ]
    parts += [f"{path.name}:{digest_of(path)}" for path in files]
    return digest("\n".join(parts).encode())


def library_sources(template: Path) -> list[Path]:
    """Return the source files of ``dlrrc_core`` that a template imports, directly or through other modules."""
    package = Path(__file__).parent
    found = {"dlrrc_core.execution": Path(execution.__file__)}  # shapes every page
    queue = set(_imports(template, template.stat().st_mtime_ns))
    while queue:
        name = queue.pop()
        candidates = (
            package.joinpath(*name.split(".")[1:]).with_suffix(".py"),
            package.joinpath(*name.split(".")[1:], "__init__.py"),
        )
        path = next((path for path in candidates if path.is_file()), None)
        if path is not None and name not in found:
            found[name] = path
            queue |= _imports(path, path.stat().st_mtime_ns)
    return [found[name] for name in sorted(found)]


@functools.cache
def _imports(path: Path, changed: int) -> frozenset[str]:
    """Return the names under ``dlrrc_core`` that a file imports; a name may be a module or something in one."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "dlrrc_core":
            names |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names if alias.name.split(".")[0] == "dlrrc_core"}
    return frozenset(names)


def digest(content: bytes) -> str:
    """Return the SHA-256 of some bytes."""
    return hashlib.sha256(content).hexdigest()


def digest_of(path: Path) -> str:
    """Return the digest of a file, empty when there is none."""
    return _digest_at(path, path.stat().st_mtime_ns) if path.is_file() else ""


@functools.cache
def _digest_at(path: Path, changed: int) -> str:
    """Read each file once per change: several pages share most of theirs."""
    return digest(path.read_bytes())
