"""What the tests of the commands for records share: a small checkout, random ratings, git and LibreOffice."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from pathlib import Path

from conftest import ROOT

from dlrrc_core.checklist import SPECIAL_CODES, Checklist
from dlrrc_core.records import Answer, Rating

EVIDENCE = (
    None,
    "Stated in the methods.",
    "=1+1",
    "+49 (0) 1",
    "-5 % of the cases",
    "@home",
    "Zeile 1\nZeile 2: ≤4 cm, „Fuhrman“, σ²",
    "'quoted'",
    "no",
    "1:30",
    "A <b>tag</b> & an entity &amp;",
    "# no comment: a [list], {x: y}",
)


def small_checkout(folder: Path) -> Path:
    """Copy the records and the book's bibliography into a folder."""
    shutil.copytree(ROOT / "data", folder / "data")
    (folder / "book").mkdir()
    shutil.copyfile(ROOT / "book/references.bib", folder / "book/references.bib")
    return folder


def random_rating(seed: int, checklist: Checklist) -> Rating:
    """Return a rating with any answers; about a third have an answer everywhere."""
    draw = random.Random(seed)
    special = draw.choice([(), SPECIAL_CODES, (*SPECIAL_CODES, None), ("not-applicable",), (None,)])
    answers = {}
    for number in checklist.items:
        codes = [*checklist.units[number]] * 3 + list(special)
        answers[number] = Answer(
            answer=draw.choice(codes),
            evidence=draw.choice(EVIDENCE),
            where=draw.choice((None, "p. 3", "=A1", "3.1", "Table 2")),
            confidence=draw.choice((None, "high", "medium", "low")),
        )
    return Rating(
        paper="zuo2021", rater="jane", kind="human", checklist=checklist.id, read="full text", blinded=True,
        status="draft", answers=answers,
    )  # fmt: skip


def git(folder: Path, *words: str, who: str = "Ada Author", when: str | None = None) -> str:
    """Run git in a folder as somebody, apart from the settings of this machine."""
    environment = os.environ | {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_AUTHOR_NAME": who,
        "GIT_AUTHOR_EMAIL": "nobody@example.org",
        "GIT_COMMITTER_NAME": who,
        "GIT_COMMITTER_EMAIL": "nobody@example.org",
    }
    if when is not None:
        environment |= {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
    done = subprocess.run(["git", *words], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"git {' '.join(words)}: {done.stdout}{done.stderr}"
    return done.stdout


def commit(folder: Path, subject: str, who: str = "Ada Author", when: str | None = None) -> None:
    """Commit everything in a folder."""
    git(folder, "add", "--all")
    git(folder, "commit", "-q", "-m", subject, who=who, when=when)


def recalculated(files: list[Path], out: Path) -> list[Path]:
    """Open workbooks in LibreOffice, compute them and save them anew, all in one start of the program."""
    program = shutil.which("soffice") or shutil.which("libreoffice")
    assert program is not None, (
        "this test needs LibreOffice Calc, which is the peer for the formulas of the workbook; install it with "
        "`apt-get install --no-install-recommends libreoffice-calc` (Debian, Ubuntu), `dnf install libreoffice-calc` "
        "(Fedora) or `brew install --cask libreoffice` (macOS)"
    )
    done = subprocess.run(
        [program, f"-env:UserInstallation={(out / 'profile').as_uri()}", "--headless", "--convert-to", "xlsx",
         "--outdir", str(out), *map(str, files)],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    made = [out / file.name for file in files]
    assert all(path.exists() for path in made), f"LibreOffice: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return made
