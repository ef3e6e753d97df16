"""Makes the computed pages of the book: finds out which are stale, runs those, writes what changed.

A page is a template under ``notebooks/`` with parameters. It is stale when its inputs changed (template, parameters, the data it
reads, the source of the library modules it uses, the versions of libraries that shape output), or when the page itself was
edited or deleted.
"""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from pydantic import Field
from tqdm import tqdm

from dlrrc_core import execution, freshness, repository, strict_yaml
from dlrrc_core.execution import Job, Outcome
from dlrrc_core.files import write
from dlrrc_core.problems import PageError, UsageError, one_of
from dlrrc_core.records import Record

STATE = "_build/dlrrc/pages.json"
FAILED = "_build/dlrrc/failed"
BASELINE_PAPERS = ("zuo2021", "xi2020", "li2025")  # whose methods the baseline rebuilds
PRELOAD = [
    "dlrrc_core.execution",
    "dlrrc_core.chapters.overview_figures",
    "dlrrc_core.chapters.items",
    "dlrrc_core.chapters.front",
    "dlrrc_core.chapters.agreement",
    "dlrrc_core.chapters.uncertainty",
    "dlrrc_core.chapters.reconstruction_figures",
]


class Page(Record):
    """One line of ``notebooks/pages.yaml``; ``{field}`` in ``output`` and ``parameters`` stands for each field."""

    template: str
    output: str
    reads: Literal["field", "published", "audit", "everything", "checklist", "baseline"]
    parameters: dict[str, str] = Field(default_factory=dict)


class Pages(Record):
    """``notebooks/pages.yaml``."""

    pages: tuple[Page, ...]


def jobs(repo: repository.Repository, fields: Iterable[str] | None = None) -> list[tuple[Job, list[Path]]]:
    """Return every page of the book with the data files it reads.

    Parameters
    ----------
    repo : Repository
        All records.
    fields : iterable of str, optional
        Only the chapters of these fields; by default all pages.

    Returns
    -------
    list of (Job, list of Path)

    Raises
    ------
    DataError, UsageError
        When ``notebooks/pages.yaml`` is broken, or a field does not exist.
    """
    pages = strict_yaml.validate(strict_yaml.load(repo.root / "notebooks/pages.yaml", repo.root), Pages).pages
    wanted = None if fields is None else [one_of(name, repo.fields, "field") for name in fields]
    found = []
    for page in pages:
        if page.reads not in ("field", "published", "audit"):
            if wanted is None:
                found.append((_job(repo, page, None), _data(repo, page.reads, None)))
            continue
        for name in repo.fields if wanted is None else wanted:
            if page.reads == "published" and name not in repo.published:
                continue
            found.append((_job(repo, page, name), _data(repo, page.reads, name)))
    return found


def _job(repo: repository.Repository, page: Page, name: str | None) -> Job:
    """Return the job of a page, for one field or for none."""
    words = {} if name is None else {"title": repo.fields[name].title, "short_title": repo.fields[name].short_title}
    parameters = {key: value.replace("{field}", name or "") for key, value in page.parameters.items()}
    return Job(
        str(repo.root),
        f"notebooks/{page.template}.py",
        page.output.replace("{field}", name or "") + ".ipynb",
        parameters,
        words,
    )


def _data(repo: repository.Repository, reads: str, name: str | None) -> list[Path]:
    """Return the data files that a page depends on."""
    data = repo.root / "data"
    if reads == "everything":
        return sorted(path for path in data.rglob("*") if path.is_file())
    if reads == "baseline":
        papers = [data / "papers" / paper / "paper.yaml" for paper in BASELINE_PAPERS]
        return sorted(
            [*papers, *data.glob("checklist/*"), *(path for path in data.glob("baseline/**/*") if path.is_file())]
        )
    shared = [*data.glob("checklist/*"), data / "raters.yaml", *data.glob("raters/*.yaml"), data / "journals.csv"]
    if reads == "checklist":
        return sorted(data.glob("checklist/*"))
    if reads in ("published", "audit"):
        papers = [data / "papers" / paper / "paper.yaml" for paper in repo.select(field=name)]
        return sorted(
            [*shared, *data.glob(f"fields/{name}/*"), *papers, *(data.glob("audit/*") if reads == "audit" else ())]
        )
    folders = [data / "fields" / str(name), *(data / "papers" / paper for paper in repo.select(field=name))]
    return sorted([*shared, *(path for folder in folders for path in folder.rglob("*") if path.is_file())])


def build_all(
    repo: repository.Repository,
    fields: Iterable[str] | None = None,
    n_jobs: int | None = None,
    scheduler: str | None = None,
    force: bool = False,
) -> list[str]:
    """Run every stale page and write those whose content changed.

    Parameters
    ----------
    repo : Repository
        All records.
    fields : iterable of str, optional
        Only the chapters of these fields.
    n_jobs : int, optional
        Pages made at the same time; by default the number of processors.
    scheduler : str, optional
        Address of a Dask scheduler whose workers see the same checkout; needs the extra ``cluster``. Workers keep the library
        they imported: start them anew after a change of its source.
    force : bool, default False
        Run fresh pages too.

    Returns
    -------
    list of str
        Paths of the pages that were run, relative to the root.

    Raises
    ------
    DataError, UsageError
        When ``notebooks/pages.yaml`` is broken, or a field or scheduler does not exist; no page is run.
    PageError
        When a page failed; the other pages are written, the failed one is kept under ``_build/dlrrc/failed`` and the last good
        page stays.
    """
    root = repo.root
    state = _read_state(root)
    stale: dict[str, tuple[Job, str]] = {}
    errors = []
    for job, data in jobs(repo, fields):
        try:
            inputs = freshness.fingerprint(job, data)
        except (OSError, SyntaxError) as error:  # no such template, or one that is no Python
            errors.append(f"{job.name}: {type(error).__name__}: {error}")
            continue
        if force or state.get(job.output) != [inputs, freshness.digest_of(root / job.output)]:
            stale[job.output] = (job, inputs)
    for outcome in _run([job for job, _ in stale.values()], n_jobs, scheduler):
        job, inputs = stale[outcome.job.output]
        kept = root / FAILED / job.output.replace("/", "--")
        if outcome.error is None:
            kept.unlink(missing_ok=True)
            text = outcome.notebook.encode()
            if freshness.digest_of(root / job.output) != freshness.digest(text):
                write(root / job.output, text)
            state[job.output] = [inputs, freshness.digest(text)]
            write(root / STATE, json.dumps(state, indent=1, sort_keys=True).encode())
        else:
            write(kept, outcome.notebook.encode())
            errors.append(
                f"{outcome.error}\n  the failed notebook is {kept.relative_to(root)}; the last good page was kept"
            )
    if fields is None:
        for gone in state.keys() - {job.output for job, _ in jobs(repo)}:  # of a field or template that was removed
            if (root / gone).resolve().is_relative_to(root / "book"):
                (root / gone).unlink(missing_ok=True)
            del state[gone]
            write(root / STATE, json.dumps(state, indent=1, sort_keys=True).encode())
    if errors:
        raise PageError("\n".join(sorted(errors)))
    return sorted(stale)


def _run(todo: list[Job], n_jobs: int | None, scheduler: str | None) -> Iterable[Outcome]:
    """Yield outcomes as pages get done, with progress on a terminal."""
    if not todo:
        return
    workers = min(len(todo), n_jobs or _processors())
    work: Callable[[Job], Outcome] = in_fresh_process if scheduler is None else execution.run
    with (
        _executor(workers, scheduler) as executor,
        tqdm(total=len(todo), desc="pages", unit="page", disable=None) as progress,
    ):
        futures: list[Future[Outcome]] = [executor.submit(work, job) for job in todo]
        for future in as_completed(futures):
            progress.update()
            yield future.result()


def _processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _executor(workers: int, scheduler: str | None) -> Iterator[Executor]:
    """Yield what runs the jobs: threads that each watch a fresh process, or the workers of a Dask cluster."""
    if scheduler is None:
        with ThreadPoolExecutor(workers) as executor:
            yield executor
        return
    try:
        from distributed import Client  # only needed for --scheduler, and slow to import

        client = Client(scheduler, timeout=10)
    except ImportError as error:
        raise UsageError(
            "--scheduler needs the package 'distributed'; install the extra: pip install 'dlrrc[cluster]'"
        ) from error
    except (OSError, ValueError) as error:
        raise UsageError(
            f"no Dask scheduler answers at '{scheduler}'; allowed: an address such as tcp://127.0.0.1:8786"
        ) from error
    with client:
        yield client.get_executor(pure=False)


def in_fresh_process(job: Job) -> Outcome:
    """Run a job in a new process, forked from a server that has the libraries loaded already."""
    method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    context: Any = multiprocessing.get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload(PRELOAD)
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(job, sender))
    process.start()
    sender.close()
    try:
        outcome = receiver.recv()
    except EOFError:
        process.join()
        outcome = Outcome(job, "", f"{job.name}: the process ended with exit status {process.exitcode}")
    process.join()
    return outcome


def _child(job: Job, sender: Any) -> None:
    """Run a job and send what became of it."""
    try:
        outcome = execution.run(job)
    except Exception as error:  # the parent has to report it, whatever it is
        outcome = Outcome(job, "", f"{job.name}: {type(error).__name__}: {error}")
    sender.send(outcome)
    sender.close()


def missing_from_toc(repo: repository.Repository) -> list[str]:
    """Return the computed pages that ``_toc.yml`` does not list; a chapter that nobody can find is an error.

    Parameters
    ----------
    repo : Repository
        All records.
    """
    listed = str(strict_yaml.load(repo.root / "_toc.yml", repo.root).data)
    return [job.output for job, _ in jobs(repo) if f"'{job.output.removesuffix('.ipynb')}'" not in listed]


def _read_state(root: Path) -> dict[str, list[str]]:
    """Return the remembered hashes; an unreadable file only means that pages are made again."""
    try:
        state = json.loads((root / STATE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}
