"""Sphinx hooks that make the book's content: chapters from notebooks, one page per paper, the plotly script.

The work is done in :mod:`dlrrc_core`; this file only says when. How pages look is in ``dlrrc_html.py``.
"""

from __future__ import annotations

import functools
import hashlib
import html
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.utils import new_document
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.errors import ConfigError

from dlrrc_core import downloads, files, pages, paperpages, repository
from dlrrc_core.recording.bibliography import bibliography

#: Written next to the doctrees: which paper pages the last build made, and from what.
STATE_FILE = "dlrrc-papers.json"
STATIC = "_static"  # the key of the styles and scripts in it

#: References of the papers, made from their records; named in ``_config.yml``.
BIBLIOGRAPHY = "_build/dlrrc/papers.bib"

H2 = re.compile(r'<h2 [^>]*\bid="([^"]+)"[^>]*>(.*?)</h2>', re.DOTALL)


@functools.lru_cache(maxsize=1)
def records(root: Path) -> repository.Repository:
    """Return all records, read once per build."""
    return repository.load(root)


@functools.lru_cache(maxsize=1)
def paper_pages(root: Path) -> dict[str, tuple[str, str]]:
    """Return title and body (HTML) of each paper page by page name, made once per build."""
    return {name: (title, body) for name, title, body in paperpages.pages(records(root))}


def digest(papers: dict[str, tuple[str, str]]) -> dict[str, str]:
    """Return a short hash of each paper page."""
    return {name: hashlib.sha256(repr(page).encode()).hexdigest()[:16] for name, page in papers.items()}


def static_digest(root: Path) -> str:
    """Return a short hash of the book's styles and scripts."""
    content = b"".join(path.read_bytes() for path in sorted((root / "book/_static").iterdir()) if path.is_file())
    return hashlib.sha256(content).hexdigest()[:16]


def build_chapters(app: Sphinx, config: Config) -> None:
    """Run the notebooks whose inputs changed, and check that every chapter is in the table of contents.

    Raises
    ------
    ConfigError
        If a field has a chapter that ``_toc.yml`` does not name: Sphinx would leave it out without a word.
    """
    records.cache_clear()
    paper_pages.cache_clear()
    repo = records(Path(app.confdir))
    write_bibliography(repo)
    pages.build_all(repo)
    if missing := pages.missing_from_toc(repo):
        raise ConfigError("add these pages to _toc.yml: " + ", ".join(str(page) for page in missing))


def write_bibliography(repo: repository.Repository) -> None:
    """Write the references of all papers, unless the file holds them already (its time is what makes pages stale)."""
    path, content = repo.root / BIBLIOGRAPHY, bibliography(repo).encode()
    if not path.is_file() or path.read_bytes() != content:
        files.write(path, content)


def read_state(app: Sphinx) -> dict[str, str]:
    """Return the hashes of the paper pages that the last build wrote, empty if there was none."""
    path = Path(app.doctreedir, STATE_FILE)
    return json.loads(path.read_text()) if path.exists() else {}


def outdated_papers(
    app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> list[str]:
    """Mark the first page as changed when a paper page, a style or a script did.

    Sphinx stops early when no *document* changed, and these are no documents to it.
    """
    names = digest(paper_pages(Path(app.confdir)))
    written = all(Path(app.builder.get_outfilename(name)).exists() for name in names) if is_html(app) else True
    state = names | {STATIC: static_digest(Path(app.confdir))}
    return [] if written and state == read_state(app) else [app.config.root_doc]


def label_papers(app: Sphinx, env: BuildEnvironment) -> None:
    """Let pages link to a paper as ``{ref}`paper-ID``` or ``[](#paper-ID)``."""
    labels = env.domaindata["std"]["labels"]
    anonymous = env.domaindata["std"]["anonlabels"]
    for old in [name for name in labels if name.startswith("paper-")]:
        del labels[old], anonymous[old]
    for page, (title, _) in paper_pages(Path(app.confdir)).items():
        name = "paper-" + page.rsplit("/", 1)[-1].lower()
        labels[name] = (page, "", title)
        anonymous[name] = (page, "")


def collect_papers(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield one page per paper, and put its words into the search index.

    Made from the template alone: parsing a page and its share of the navigation costs 0.2-0.3 s each.
    """
    papers = paper_pages(Path(app.confdir))
    indexer = getattr(app.builder, "indexer", None)
    for name, (title, body) in sorted(papers.items()):
        if "<h1" not in body:
            body = f"<h1>{html.escape(title)}</h1>\n{body}"
        if indexer is not None:
            document = new_document(name)
            document += nodes.section("", nodes.title("", title), nodes.raw("", body, format="html"), ids=[""])
            indexer.feed(name, name + ".html", html.escape(title), document)  # the search page shows it as HTML
        sections = "".join(f'<li><a href="#{id_}">{text}</a></li>' for id_, text in H2.findall(body))
        toc = f'<ul><li><a href="#">{html.escape(title)}</a><ul>{sections}</ul></li></ul>' if sections else ""
        context = {
            "title": html.escape(title),
            "body": body,
            "toc": toc,
            "pagetitle": html.escape(title),
            "metatags": "",
            "dlrrc_paper": True,
        }
        yield name, context, "page.html"


def share_sidebar(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Make the sidebar once for all paper pages of a folder: it is the same, and the dearest part of a page."""
    if "dlrrc_paper" in context and "generate_toctree_html" in context:
        make, folder = context["generate_toctree_html"], pagename.rpartition("/")[0]
        cache = app.builder.__dict__.setdefault("dlrrc_sidebars", {})

        def cached(kind: str, **options: Any) -> Any:
            key = (folder, kind, *sorted(options.items()))
            if key not in cache:
                cache[key] = str(make(kind, **options))
            return cache[key]

        context["generate_toctree_html"] = cached


def is_html(app: Sphinx) -> bool:
    """Tell whether this build writes HTML pages (and not, say, checks links)."""
    return app.builder.name in ("html", "dirhtml")


def finish(app: Sphinx, exception: Exception | None) -> None:
    """Copy plotly's script, write the downloads, remove pages of papers that are gone, and note what was written."""
    if exception is not None or not is_html(app):
        return
    import plotly

    source = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    target = Path(app.outdir, "_static", source.name)
    if not target.exists() or target.stat().st_size != source.stat().st_size:
        shutil.copyfile(source, target)
    for name, text in downloads.files(records(Path(app.confdir))):
        files.write(Path(app.outdir, downloads.FOLDER, name), text.encode())
    names = digest(paper_pages(Path(app.confdir)))
    for gone in read_state(app).keys() - names.keys() - {STATIC}:
        Path(app.builder.get_outfilename(gone)).unlink(missing_ok=True)
    Path(app.doctreedir, STATE_FILE).write_text(
        json.dumps(names | {STATIC: static_digest(Path(app.confdir))}, indent=0, sort_keys=True)
    )


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the hooks."""
    # 700: before sphinx-external-toc reads the table of contents (900), which needs the pages to be there.
    app.connect("config-inited", build_chapters, priority=700)
    app.connect("env-get-outdated", outdated_papers)
    app.connect("env-updated", label_papers)
    app.connect("html-collect-pages", collect_papers)
    app.connect("html-page-context", share_sidebar, priority=900)
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
