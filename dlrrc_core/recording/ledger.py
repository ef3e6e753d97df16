"""The history of a paper's answers: what changed, when, why and by whom, read from git.

The reason of a change is the subject line of its commit. Every version of a file is read whole; differences between texts of
files are never interpreted.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from dlrrc_core import strict_yaml
from dlrrc_core.files import write
from dlrrc_core.git_output import git
from dlrrc_core.problems import DataError, UsageError
from dlrrc_core.recording import yaml_text
from dlrrc_core.records import Rating

Answers = dict[int, str | None]
KEPT = "_build/dlrrc/ledger.json"


@dataclass(frozen=True)
class Change:
    """One answer that became another.

    Attributes
    ----------
    date : str
        When the author of the commit made it, ISO 8601 with the offset.
    rater : str
        Whose answer; ``consensus`` for the consensus.
    item : int
    before, after : str or None
        Answer codes; None is "not answered" (or no such file).
    reason : str
        Subject of the commit.
    who : str
        Name of the commit's author.
    commit : str
        Its full hash.
    """

    date: str
    rater: str
    item: int
    before: str | None
    after: str | None
    reason: str
    who: str
    commit: str


@dataclass(frozen=True)
class _Commit:
    """One commit in the history of a file, with the nearest commits before it that touched the file."""

    id: str
    parents: tuple[str, ...]
    date: str
    who: str
    subject: str


def ledger(repo_root: Path, paper: str, first: bool = False) -> list[Change]:
    """Return every change of an answer to a paper.

    Parameters
    ----------
    repo_root : Path
        Root of a checkout with its git history.
    paper : str
        Id of the paper.
    first : bool, default False
        Whether answers given for the first time count as changes too (from "not answered").

    Returns
    -------
    list of Change
        Oldest first. What is not committed yet is not in it.

    Raises
    ------
    UsageError
        When the id is none, git is missing, the folder is no git repository, or the history was cut off (a shallow clone): a
        ledger with gaps would look complete.

    Notes
    -----
    A merge changes an answer only when it differs from all sides; a side whose answers did not survive the merge is not shown, as in
    ``git log`` of a file. A version that is no readable rating counts as no change: the next readable one is compared with the last.
    A renamed file starts anew.
    """
    yaml_text.identifier(paper, "id of the paper")
    if _git(repo_root, "rev-parse", "--is-shallow-repository").strip() == "true":
        raise UsageError("the git history of this checkout is cut off; run `git fetch --unshallow`, then again")
    if not _git(repo_root, "rev-list", "--all", "-n", "1").strip():
        return []
    folder = f"data/papers/{paper}"
    names = _git(
        repo_root, "log", "-m", "--no-renames", "--relative", "--name-only", "--format=", "-z", "--",
        f"{folder}/ratings", f"{folder}/consensus.yaml",
    )  # fmt: skip
    found: list[tuple[int, Change]] = []
    for name in sorted({part.strip("\n") for part in names.split("\0")} - {""}):
        if name.endswith(".yaml"):
            found += _of_file(repo_root, name, first)
    order = {
        commit: i for i, commit in enumerate(_git(repo_root, "rev-list", "--topo-order", "--reverse", "HEAD").split())
    }
    return [change for _, change in sorted(found, key=lambda pair: (order[pair[1].commit], pair[1].rater, pair[0]))]


@lru_cache(maxsize=4)
def kept(repo_root: Path) -> dict[str, list[Change]]:
    """Return the ledgers of all papers with a rating or consensus that was committed more than once.

    Parameters
    ----------
    repo_root : Path
        Root of a checkout; read once per process, and kept in ``_build`` until another commit is checked out.

    Returns
    -------
    dict of str to list of Change
        By paper; empty where there is no complete history to read, for instance in a download without git.
    """
    path = repo_root / KEPT
    try:
        if _git(repo_root, "rev-parse", "--is-shallow-repository").strip() == "true":
            return {}
        head = _git(repo_root, "rev-parse", "HEAD").strip()
        if (old := _read(path)) and old["head"] == head:
            return {paper: [Change(**change) for change in changes] for paper, changes in old["papers"].items()}
        names = _git(
            repo_root, "log", "-m", "--no-renames", "--relative", "--diff-filter=MD", "--name-only", "--format=", "-z", "--", "data/papers"
        )  # fmt: skip
        parts = [name.strip("\n").split("/") for name in names.split("\0")]
        revised = sorted({p[2] for p in parts if len(p) > 3 and p[3] in ("ratings", "consensus.yaml")})
        found = {paper: ledger(repo_root, paper) for paper in revised}
    except UsageError:
        return {}
    plain = {paper: [asdict(change) for change in changes] for paper, changes in found.items()}
    write(path, json.dumps({"head": head, "papers": plain}, ensure_ascii=False).encode())
    return found


def _read(path: Path) -> dict[str, Any] | None:
    """Return what was kept, None when there is no such file or it was cut off."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None


def _of_file(root: Path, name: str, first: bool) -> list[tuple[int, Change]]:
    """Return the changes of one file, each with its item."""
    states: dict[str, Answers] = {}
    changes = []
    rater = Path(name).stem
    for commit in _commits(root, name):
        sides = [states.get(parent, {}) for parent in commit.parents] or [{}]
        answers = _version(root, commit.id, name)
        states[commit.id] = now = sides[0] if answers is None else answers
        for item in sorted({number for side in (now, *sides) for number in side}):
            before, after = [side.get(item) for side in sides], now.get(item)
            if after not in before and (first or before[0] is not None):
                change = Change(commit.date, rater, item, before[0], after, commit.subject, commit.who, commit.id)
                changes.append((item, change))
    return changes


def _commits(root: Path, name: str) -> list[_Commit]:
    """Return the commits of a file, parents before children."""
    text = _git(
        root, "log", "--topo-order", "--reverse", "--parents", "--no-renames", "-z",
        "--format=%H%x1f%P%x1f%aI%x1f%an%x1f%s", "--", name,
    )  # fmt: skip
    commits = []
    for line in text.split("\0"):
        if line.strip():
            id_, parents, date, who, subject = line.split("\x1f", 4)
            commits.append(_Commit(id_.strip(), tuple(parents.split()), date, who, subject))
    return commits


def _version(root: Path, commit: str, name: str) -> Answers | None:
    """Return the answers of a file in a commit: none when it is not there, None when it is no readable rating."""
    if not _git(root, "ls-tree", "--name-only", commit, "--", name).strip():
        return {}
    try:
        text = _git(root, "show", f"{commit}:./{name}")
        rating = strict_yaml.validate(strict_yaml.parse(text, name), Rating)
    except (DataError, UnicodeDecodeError):
        return None
    return {number: answer.answer for number, answer in rating.answers.items()}


def _git(root: Path, *words: str) -> str:
    """Return what a git command prints, as text."""
    missing = "git is not installed, and the ledger is read from the git history; install git"
    return git(root, *words, missing=missing).decode("utf-8")
