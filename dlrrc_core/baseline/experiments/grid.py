"""Runs the jobs of an experiment side by side and keeps what each found, so that a killed experiment goes on where it was."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Self

import torch
from joblib import Parallel, cpu_count, delayed
from pydantic import BaseModel, ConfigDict, model_validator
from tqdm import tqdm

from dlrrc_core import freshness
from dlrrc_core.files import write
from dlrrc_core.repository import find_root

KEPT = "outcome.json"
PACKAGE = Path(freshness.__file__).parent
READ = ("data/baseline/cohorts.yaml",)  # files of the checkout that jobs read, beside those of the package


class Parameters(BaseModel):
    """Base of the parameters of every experiment: unknown names are errors; a list holds each value once.

    Attributes
    ----------
    device : str, default "cpu"
        Where networks are trained: ``cpu``, ``cuda`` or ``cuda:0``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    device: str = "cpu"

    @model_validator(mode="before")
    @classmethod
    def _no_truth_for_a_number(cls, values: Any) -> Any:
        """Refuse true and false where the default is no truth value; Python takes them for 1 and 0."""
        fields = cls.model_fields
        for name, value in values.items() if isinstance(values, Mapping) else ():
            held = value if isinstance(value, list | tuple) else [value]
            known = name in fields and not isinstance(fields[name].default, bool)
            if known and any(isinstance(each, bool) for each in held):
                raise ValueError(f"{name} is {value!r}; allowed: a number or a word, not true or false")
        return values

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        """Refuse lists that are empty or hold a value twice: jobs would share a folder, and answers would count twice."""
        found = []
        for name in type(self).model_fields:
            value = getattr(self, name)
            if not isinstance(value, tuple):
                continue
            twice = sorted({str(each) for each in value if value.count(each) > 1})
            found += [f"{name} has {', '.join(twice)} more than once; allowed: each once"] if twice else []
            found += [] if value else [f"{name} is empty; allowed: one or more"]
        if found:
            raise ValueError("; ".join(found))
        return self


@dataclass(frozen=True)
class Outcome:
    """What one job found.

    Attributes
    ----------
    tables : dict of str to list of dict
        Rows for the tables of the experiment; the keys of the job are added to each row.
    pictures : dict of str to bytes
        PNG files.
    facts : dict
        Plain values for ``run.json``: the record of a training, say.
    """

    tables: dict[str, list[dict[str, Any]]]
    pictures: dict[str, bytes] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    def text(self) -> bytes:
        """Return the outcome as JSON."""
        pictures = {name: base64.b64encode(data).decode() for name, data in self.pictures.items()}
        return json.dumps({"tables": self.tables, "pictures": pictures, "facts": self.facts}).encode()

    @classmethod
    def parse(cls, text: bytes) -> Outcome:
        """Return the outcome that :meth:`text` wrote."""
        found = json.loads(text)
        pictures = {name: base64.b64decode(data) for name, data in found["pictures"].items()}
        return cls(found["tables"], pictures, found["facts"])


def outcomes(
    module: str,
    parameters: Parameters,
    jobs: Sequence[Mapping[str, Any]],
    folder: Path,
    processes: int | None = None,
) -> Iterator[tuple[dict[str, Any], Outcome]]:
    """Run every job that has no kept outcome and yield all of them in the order of the jobs.

    Parameters
    ----------
    module : str
        Module with the function ``work``.
    parameters : Parameters
        Of the experiment.
    jobs : sequence of mapping
        Plain values.
    folder : Path
        Where each job has a folder of its own, named by a hash of parameters, job, the library's source, the files that it reads and
        the version of torch: what another version of code or data found is never used.
    processes : int, optional
        Jobs at the same time; by default one per processor on the CPU, one on a GPU.

    Yields
    ------
    (dict, Outcome)
        The job and what it found.
    """
    source = str(import_module(module).__file__)
    sources = [Path(source), *freshness.library_sources(Path(source))]
    code = "".join(freshness.digest_of(path) for path in [*sources, *_files_read()])
    code += str(torch.__version__) + _state(getattr(parameters, "data", ""))
    places = [folder / _key(code, parameters, job) for job in jobs]
    todo = [(dict(job), place) for job, place in zip(jobs, places, strict=True) if not _kept(place)]
    at_once = processes or (cpu_count() if parameters.device == "cpu" else 1)
    calls = (delayed(_work)(module, parameters, job, place) for job, place in todo)
    done = Parallel(n_jobs=min(at_once, max(1, len(todo))), return_as="generator_unordered")(calls)
    # the notebook keeps what goes to sys.stderr; a person at a terminal sees this
    for _ in tqdm(done, total=len(todo), desc=module.rpartition(".")[2], unit="job", file=sys.__stderr__, disable=None):
        pass
    for job, place in zip(jobs, places, strict=True):
        yield dict(job), Outcome.parse((place / KEPT).read_bytes())


def _work(module: str, parameters: Parameters, job: dict[str, Any], place: Path) -> None:
    """Run one job in a process of the pool and keep what it found."""
    if parameters.device == "cpu":
        torch.set_num_threads(1)  # jobs side by side use the processors better than threads in one
    place.mkdir(parents=True, exist_ok=True)
    began = time.perf_counter()
    outcome = import_module(module).work(parameters, job, place)
    facts = {**outcome.facts, "seconds": time.perf_counter() - began}
    write(place / KEPT, Outcome(outcome.tables, outcome.pictures, facts).text())
    for path in place.iterdir():  # checkpoints and exported networks, which nothing needs once the outcome is kept
        if path.name != KEPT:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _files_read() -> list[Path]:
    """Return the files beside the code on which jobs depend."""
    root = find_root()
    return [*sorted(PACKAGE.rglob("*.yaml")), *(root / name for name in READ)]


def _state(data: str) -> str:
    """Return names, sizes and times of the files of a folder with images; empty for simulated ones."""
    if not data or not Path(data).is_dir():
        return ""
    files = sorted(path for path in Path(data).rglob("*") if path.is_file())
    return "".join(f"{path} {(at := path.stat()).st_size} {at.st_mtime_ns}\n" for path in files)


def _kept(place: Path) -> bool:
    """Return whether a job has an outcome that can be read; a damaged one is made again."""
    try:
        return "seconds" in Outcome.parse((place / KEPT).read_bytes()).facts
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _key(code: str, parameters: Parameters, job: Mapping[str, Any]) -> str:
    """Return the name of a job's folder."""
    asked = json.dumps([parameters.model_dump(mode="json"), dict(job)], sort_keys=True)
    return hashlib.sha256((code + asked).encode()).hexdigest()[:16]
