"""Sphinx hooks that shape every page: formulas, descriptions for search engines, scripts, accessibility."""

from __future__ import annotations

import html
import re
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

LOGGER = logging.getLogger(__name__)

#: Script of ``book/_static`` and the mark in a page's HTML that needs it.
SCRIPTS = {"tables.js": 'class="dlrrc-table"', "figures.js": 'class="dlrrc-plotly"'}

DESCRIPTION_CHARACTERS = 200


def mathml(latex: str, node: nodes.Element, display: str) -> str:
    """Return a formula as MathML, which browsers draw without any script.

    A command that latex2mathml does not know stays in its output as text; that is reported as a warning.
    """
    result = convert(latex, display=display)
    if unknown := re.findall(r"\\[A-Za-z]+", html.unescape(result)):
        LOGGER.warning(
            "formula uses %s, which cannot be drawn", unknown[0], location=node, type="dlrrc", subtype="math"
        )
    return result


def visit_inline_math(self: Any, node: nodes.math) -> None:
    """Write an inline formula."""
    self.body.append(mathml(node.astext(), node, "inline"))
    raise nodes.SkipNode


def visit_display_math(self: Any, node: nodes.math_block) -> None:
    """Write a display formula with its number; wide ones scroll in their own box."""
    self.body.append(self.starttag(node, "div", CLASS="math dlrrc-math"))
    self.body.append(f'<div class="dlrrc-math-scroll">{mathml(node.astext(), node, "block")}</div>')
    if node["number"]:
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})</span>')
    self.body.append("</div>\n")
    raise nodes.SkipNode


def description(body: str) -> str:
    """Return the first real paragraph of a page as plain text, cut at a word."""
    for paragraph in re.findall(r"<p>(.*?)</p>", body, re.DOTALL):
        text = " ".join(html.unescape(re.sub(r"<[^>]+>", "", paragraph)).split())
        if len(text) >= 60:
            return (
                text if len(text) <= DESCRIPTION_CHARACTERS else text[:DESCRIPTION_CHARACTERS].rsplit(" ", 1)[0] + " …"
            )
    return ""


def add_meta(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Add description and Open Graph tags (sphinxext-opengraph would import matplotlib in every build)."""
    tags = context.get("metatags") or ""
    title = html.unescape(re.sub(r"<[^>]+>", "", context.get("title") or app.config.html_title))
    facts = {"og:title": title, "og:type": "article", "og:site_name": app.config.html_title}
    if pagename == app.config.root_doc:
        facts["og:type"] = "website"
    if context.get("pageurl"):
        facts["og:url"] = context["pageurl"]
    if text := description(context.get("body") or ""):
        facts["og:description"] = text
        if 'name="description"' not in tags:
            tags += f'\n<meta name="description" content="{html.escape(text)}" />'
    for name, value in facts.items():
        tags += f'\n<meta property="{name}" content="{html.escape(value)}" />'
    context["metatags"] = tags + "\n"


def add_scripts(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Load the scripts for tables and figures only on pages that have some."""
    body = context.get("body") or ""
    for script, mark in SCRIPTS.items():
        if mark in body:
            app.add_js_file(script, defer="defer")


def mend_roles(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Give names and roles that screen readers need and the theme leaves out (axe: summary-name, aria-required-children)."""
    if "body" in context:
        context["body"] = context["body"].replace(' role="doc-biblioentry"', ' role="listitem"')
    make = context.get("generate_toctree_html")
    if make is None:
        return

    def named(kind: str, **options: Any) -> str:
        return str(make(kind, **options)).replace(
            "<summary>", '<summary aria-label="Show or hide the pages below this one">'
        )

    context["generate_toctree_html"] = named


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the hooks."""
    app.add_html_math_renderer("mathml", (visit_inline_math, None), (visit_display_math, None))
    app.connect("html-page-context", add_meta, priority=800)
    app.connect("html-page-context", add_scripts, priority=800)
    app.connect("html-page-context", mend_roles, priority=850)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
