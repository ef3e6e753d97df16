"""The workflows hold what they promise, the words for contributors are true, and the weekly check finds what it looks for."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import typer
import yaml
from conftest import ROOT
from typer.testing import CliRunner

from dlrrc_core import linkcheck, pr_comment, repository
from dlrrc_core.cli import app
from dlrrc_core.commands import pull_requests
from dlrrc_core.repository import Repository

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
FORMS = sorted(set((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml")) - {ROOT / ".github/ISSUE_TEMPLATE/config.yml"})
WORDS = [ROOT / name for name in ("CONTRIBUTING.md", "GOVERNANCE.md", "CODE_OF_CONDUCT.md")]
CONTRIBUTING = WORDS[0].read_text(encoding="utf-8")
COMMANDS = re.findall(
    r"(?:^\.venv/bin/|`)dlrrc ([a-z-]+)([^`\n#]*)", "\n".join(path.read_text("utf-8") for path in WORDS), re.M
)
MAY_WRITE = {  # everything else may read, at most
    ("comment.yml", "post"): {"pull-requests"},
    ("publish.yml", "deploy"): {"pages", "id-token"},
    ("weekly.yml", "check"): {"issues"},
}


def workflow(path: Path) -> Any:
    """Return a workflow; BaseLoader, because YAML 1.1 reads the key `on` as true."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)


def jobs() -> list[tuple[str, str, Any]]:
    return [(path.name, name, job) for path in WORKFLOWS for name, job in workflow(path)["jobs"].items()]


def steps() -> list[tuple[str, Any]]:
    return [(file, step) for file, _, job in jobs() for step in job["steps"]]


def tool(name: str) -> str:
    """Return a linter of the locked environment; a missing one fails the test."""
    found = shutil.which(name, path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    assert found, f"{name} is missing; it is a development dependency: make setup"
    return found


def test_there_are_the_workflows_and_forms() -> None:
    assert [path.name for path in WORKFLOWS] == ["checks.yml", "comment.yml", "publish.yml", "weekly.yml"]
    assert [path.stem for path in FORMS] == ["add-a-paper", "authors-reply", "report-an-error"]


@pytest.mark.parametrize(
    ("schema", "paths"),
    [
        ("vendor.github-workflows", WORKFLOWS),
        ("custom.github-workflows-require-timeout", WORKFLOWS),
        ("vendor.github-issue-forms", FORMS),
        ("vendor.github-issue-config", [ROOT / ".github/ISSUE_TEMPLATE/config.yml"]),
    ],
)
def test_files_agree_with_their_schema(schema: str, paths: list[Path]) -> None:
    command = [tool("check-jsonschema"), "--builtin-schema", schema, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_zizmor_finds_nothing() -> None:
    command = [
        tool("zizmor"),
        "--offline",
        "--no-config",
        "--persona",
        "auditor",
        "--no-progress",
        str(ROOT / ".github/workflows"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflow_is_safe(path: Path) -> None:
    text, read = path.read_text(encoding="utf-8"), workflow(path)
    assert read["permissions"] == {}
    assert "pull_request_target" not in text
    assert "secrets." not in text
    lines = re.findall(r"^.*\buses:.*$", text, re.M)
    assert lines
    for line in lines:
        assert re.search(r"uses: actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


def test_only_three_jobs_may_write() -> None:
    for file, name, job in jobs():
        assert set(job["permissions"].values()) <= {"read", "write"}
        writes = {right for right, kind in job["permissions"].items() if kind == "write"}
        assert writes == MAY_WRITE.get((file, name), set())


def test_no_expression_reaches_a_shell() -> None:
    for file, step in steps():
        assert "${{" not in step.get("run", ""), (file, step)


def test_no_checkout_keeps_its_token_and_the_job_that_comments_never_takes_the_change() -> None:
    checkouts = [(file, step["with"]) for file, step in steps() if step.get("uses", "").startswith("actions/checkout@")]
    assert len(checkouts) == 6
    for _, given in checkouts:
        assert given["persist-credentials"] == "false"
        assert {"ref", "repository"}.isdisjoint(given)
    (mine,) = [given for file, given in checkouts if file == "comment.yml"]
    assert mine["sparse-checkout"] == "dlrrc_core/pr_comment.py"
    assert workflow(ROOT / ".github/workflows/comment.yml")["on"] == {
        "workflow_run": {"workflows": ["Checks"], "types": ["completed"]}
    }
    assert workflow(ROOT / ".github/workflows/checks.yml")["name"] == "Checks"


def test_scripts_are_shell_and_their_commands_exist() -> None:
    scripts = [step["run"] for _, step in steps() if "run" in step]
    for script in scripts:
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    whole = "\n".join(scripts)
    targets = set(re.findall(r"\bmake (?:-C \w+ )?([a-z]+)", whole))
    assert targets == {"setup", "check", "strict"}
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert all(f"\n{target}:" in makefile for target in targets)
    assert set(re.findall(r"bin/dlrrc ([a-z-]+)", whole)) == {"pr-report", "check-links"}


GH = """#!{python}
import os, sys
words = " ".join(sys.argv[1:])
with open(os.environ["SEEN"], "a") as seen:
    seen.write(words + "\\n")
if "/pulls" in words:
    print(os.environ.get("FOUND", ""))
elif words.endswith("/zip"):
    sys.stdout.buffer.write(open(os.environ["ZIP"], "rb").read())
elif "/artifacts" in words:
    print("77")
"""
JQ = "#!{python}\nimport os\nprint(os.environ.get('IN_EVENT', ''))\n"
UNZIP = "#!{python}\nimport sys, zipfile\nsys.stdout.buffer.write(zipfile.ZipFile(sys.argv[2]).read(sys.argv[3]))\n"


def post(tmp_path: Path, report: bytes, **more: str) -> tuple[str, str]:
    """Run the steps of the job that comments, with stand-ins for the programs of the runner; return its requests and the comment."""
    import zipfile

    places = tmp_path / "bin"
    places.mkdir()
    for name, text in (("gh", GH), ("jq", JQ), ("unzip", UNZIP)):
        (places / name).write_text(text.format(python=sys.executable), encoding="utf-8")
        (places / name).chmod(0o755)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("report.md", report)
        archive.writestr("../../escaped", "x")
    outputs = tmp_path / "outputs"
    outputs.touch()
    environment = {
        "PATH": f"{places}{os.pathsep}{os.environ['PATH']}",
        "SEEN": str(tmp_path / "seen"),
        "ZIP": str(tmp_path / "a.zip"),
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_OUTPUT": str(outputs),
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        "REPOSITORY": "o/r",
        "OWNER": "$(touch owned)",
        "BRANCH": "`touch owned`; touch owned",
        "COMMIT": "0" * 40,
        "RUN": "5",
        **more,
    }
    for step in workflow(ROOT / ".github/workflows/comment.yml")["jobs"]["post"]["steps"]:
        found = dict(line.split("=", 1) for line in outputs.read_text(encoding="utf-8").splitlines())
        needs = {"report": "number", "comment": "ready"}.get(
            "comment" if "comment.md" in step.get("run", "") and "PATCH" in step["run"] else step.get("id", "")
        )
        if "run" in step and (needs is None or needs in found):
            environment["NUMBER"] = found.get("number", "")
            command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]]
            subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    seen, comment = tmp_path / "seen", tmp_path / "comment.md"
    assert not list(tmp_path.parent.glob("escaped"))
    assert not (ROOT / "owned").exists()
    return seen.read_text("utf-8") if seen.exists() else "", comment.read_text("utf-8") if comment.exists() else ""


def test_the_report_of_a_branch_is_posted(tmp_path: Path) -> None:
    seen, comment = post(tmp_path, b"## What this change does\n", IN_EVENT="12")
    assert "--method POST repos/o/r/issues/12/comments" in seen
    assert "/pulls" not in seen
    assert comment.startswith(pr_comment.MARK)
    assert comment.endswith("## What this change does\n")


def test_the_pull_request_of_a_fork_is_looked_up_and_hostile_text_is_not_posted(tmp_path: Path) -> None:
    seen, comment = post(tmp_path, b"@everybody <img src=x>", FOUND="34")
    assert "head=$(touch owned):`touch owned`; touch owned" in seen
    assert "--method POST repos/o/r/issues/34/comments" in seen
    assert pr_comment.REFUSED in comment
    assert "everybody" not in comment


@pytest.mark.parametrize("number", ["", "12; touch owned", "../../x", "12\n13=x"])
def test_nothing_is_posted_without_a_number(tmp_path: Path, number: str) -> None:
    seen, comment = post(tmp_path, b"## Report\n", FOUND=number)
    assert "POST" not in seen
    assert comment == ""


@pytest.mark.parametrize(("command", "rest"), sorted(set(COMMANDS)))
def test_command_of_the_words_exists_with_its_options(command: str, rest: str) -> None:
    words = [command]
    if hasattr(typer.main.get_command(app).commands[command], "commands"):  # of which the next word is a command
        words.append(rest.split()[0])
    done = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"})
    assert done.exit_code == 0, f"dlrrc {' '.join(words)} of the words for contributors does not exist"
    assert [option for option in re.findall(r"--[a-z]+", rest) if option not in done.stdout] == []


def test_the_words_name_the_commands_of_the_path() -> None:
    assert {command for command, _ in COMMANDS} >= {
        "new",
        "new-rating",
        "validate",
        "pr-report",
        "adjudicate",
        "ledger",
    }
    targets = set(re.findall(r"(?:^|`)make ([a-z]+)\b", CONTRIBUTING, re.M))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert [target for target in targets if f"\n{target}:" not in makefile] == []


@pytest.mark.parametrize("path", WORDS, ids=lambda path: path.name)
def test_links_and_files_of_the_words_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    named = re.findall(r"\]\(([^)#:]+)\)", text) + re.findall(r"`((?:data|book|notebooks)/[\w./-]+)`", text)
    assert [name for name in named if not (ROOT / name).exists()] == []


# The weekly check. Crossref's form of `updated-by`: https://www.crossref.org/documentation/retrieve-metadata/rest-api/; the pair of DOIs is
# that of a known retraction (The Lancet, 2020).
RETRACTED, NOTICE = "10.1016/S0140-6736(20)31180-6", "10.1016/S0140-6736(20)31324-6"


class Site(BaseHTTPRequestHandler):
    """Stands for Crossref and for the web."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(self.path)
        status, found = 200, b"page"
        if path.startswith("/works/"):
            work: dict[str, Any] = {"title": ["A title"]}
            if path == f"/works/{RETRACTED}":
                work["updated-by"] = [{"DOI": NOTICE, "type": "retraction", "source": "publisher"}]
            status, found = (404, b"") if "unknown" in path else (200, json.dumps({"message": work}).encode())
        elif path == "/gone":
            status = 404
        elif path == "/no-head":
            status = 405 if self.command == "HEAD" else 200
        elif path == "/robots-refused":
            status = 403
        elif path == "/slow":
            time.sleep(0.5)
        elif path == "/away":
            self.send_response(302)
            self.send_header("Location", "http://127.0.0.1:9/")
            self.end_headers()
            return
        self.send_response(status)
        self.send_header("Content-Length", str(len(found)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(found)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def small(checkout: Path) -> Repository:
    """Return three papers: one with a notice, one that Crossref does not know, one without a DOI."""
    for folder in (checkout / "data/papers").iterdir():
        if folder.name not in ("zuo2021", "xi2020", "li2025"):
            shutil.rmtree(folder)
    for name, doi in (("zuo2021", RETRACTED), ("xi2020", "10.1000/unknown"), ("li2025", None)):
        path = checkout / "data/papers" / name / "paper.yaml"
        record = yaml.safe_load(path.read_text(encoding="utf-8"))
        record |= {"doi": doi, "url": f"https://example.org/{name}", "artefacts": {}, "published": None}
        path.write_text(yaml.safe_dump(record), encoding="utf-8")
    return repository.load(checkout)


def test_a_retraction_and_a_dead_address_are_news(small: Repository, site: str) -> None:
    said = {"https://example.org/xi2020": "status 404", "https://example.org/li2025": "status 403"}
    found = linkcheck.check_links(small, said.get, api=site, pause=0.01)
    assert found.notices == (("zuo2021", f"Crossref links a notice of the type 'retraction': DOI {NOTICE}."),)
    assert [(address.paper, reason) for address, reason in found.dead] == [("xi2020", "status 404")]
    assert [address.paper for address, _ in found.refused] == ["li2025"]
    assert [paper for paper, _ in found.failed] == ["xi2020"]
    assert (found.asked, found.left, found.news) == (5, 0, True)
    text = linkcheck.as_markdown(found)
    assert "retraction" in text
    assert pr_comment.refusal(text) is None


def test_a_notice_that_the_record_names_is_no_news(small: Repository, site: str) -> None:
    path = small.root / "data/papers/zuo2021/paper.yaml"
    record = yaml.safe_load(path.read_text(encoding="utf-8"))
    record["notices"] = [f"Retracted; see {NOTICE.lower()}"]
    path.write_text(yaml.safe_dump(record), encoding="utf-8")
    found = linkcheck.check_links(repository.load(small.root), lambda url: None, api=site, pause=0)
    assert (found.notices, found.news) == ((), False)


def test_the_time_has_an_end_and_hosts_have_a_pause(small: Repository, site: str) -> None:
    nothing = linkcheck.check_links(small, lambda url: None, api=site, limit=0)
    assert (nothing.asked, nothing.left) == (0, 5)
    start = time.monotonic()
    linkcheck.check_links(small, lambda url: None, api=site, pause=0.2)
    assert time.monotonic() - start >= 0.2 + 2 * 0.2  # two requests to Crossref, three to example.org


@pytest.mark.parametrize(
    ("path", "reason"),
    [("/good", None), ("/no-head", None), ("/gone", "status 404"), ("/robots-refused", "status 403")],
)
def test_an_address_answers_or_not(site: str, path: str, reason: str | None) -> None:
    assert linkcheck.answer(f"{site}{path}", "test", 5, public=False) == reason


def test_an_address_that_does_not_answer(site: str) -> None:
    assert linkcheck.answer(f"{site}/slow", "test", 0.1, public=False) == "no answer within 0.1 seconds"
    assert str(linkcheck.answer(f"{site}/away", "test", 5, public=False)).startswith("no answer")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://[::1]/",
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "http://",
        "http://10.0.0.1",
    ],
)
def test_no_inner_host_is_asked(url: str) -> None:
    assert linkcheck.answer(url, "test") == "no public host of this name"


def test_check_links_prints_json(small: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(small.root)
    done = CliRunner().invoke(pull_requests.app, ["check-links", "--limit", "0", "--format", "json"])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["left"] == 5
