"""Take pictures of built pages, to look at them: ``python tests/browser/shots.py OUT [PAGE ...]``.

Each page is taken at 1400 and at 390 pixels, in light and in dark. Without PAGE, all chapters are taken and the
first per-paper page. Pages are paths below ``_build/html``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from book_site import MODES, browser, html_pages, is_chapter, new_context, serve

ALL_DRAWN = "() => document.querySelectorAll('.dlrrc-plotly:not([data-drawn])').length === 0"


def main(out: Path, pages: list[str]) -> None:
    """Write one PNG per page and mode into `out`."""
    out.mkdir(parents=True, exist_ok=True)
    with serve() as base, browser() as launched:
        for mode in MODES:
            context = new_context(launched, mode)
            page = context.new_page()
            for name in pages:
                page.goto(base + name)
                page.wait_for_function(ALL_DRAWN)
                target = out / f"{name.removesuffix('.html').replace('/', '-')}.{mode}.png"
                page.screenshot(path=target, full_page=True)
                print(target)
            context.close()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    built = html_pages()
    papers = [page for page in built if not is_chapter(page) and page != "search.html"]
    main(Path(sys.argv[1]), sys.argv[2:] or [page for page in built if is_chapter(page)] + papers[:1])
