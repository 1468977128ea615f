"""A document on a page, as text or as pictures; and its text, laid there.

Headings follow the page's own, wide tables fold on a phone. The HTML given is our own twin of the document: plain elements, and
all that members wrote is escaped. No word changes here.
"""

from __future__ import annotations

import re
from enum import StrEnum
from html import escape, unescape

from markupsafe import Markup


class Form(StrEnum):
    """Ways to read a document, as they stand in an address and in the forms of its page."""

    TEXT = "texte"
    PAGES = "pages"


SERVED_AS = {Form.TEXT: "text", Form.PAGES: "picture"}
"""What the evidence calls them."""

LEVEL_MOST = 6
STACKED_COLUMNS = 3
"""From this many columns on, a row folds in two lines on a phone: its name, then its cells."""

CARD_COLUMNS = 4
"""From this many columns on, a row becomes a card, one line a cell."""

ROLES = {"table": "table", "thead": "rowgroup", "tbody": "rowgroup", "tfoot": "rowgroup", "tr": "row", "td": "cell"}
"""Said in full, because a browser may forget them once a part of a table is not displayed as such."""

_HEADING = re.compile(r"<(/?)h([1-6])>")
_TABLE = re.compile(r"<table>.*?</table>", re.DOTALL)
_TAG = re.compile(r"<[^>]+>")
_PART = re.compile(r"<(table|thead|tbody|tfoot|tr|th|td)\b([^>]*)>")
_COLUMN = re.compile(r'<th scope="col"[^>]*>(.*?)</th>', re.DOTALL)
_SPAN = re.compile(r'colspan="(\d+)"')


def lay_text(html: str) -> Markup:
    """Return a part's HTML as its page shows it."""
    return Markup(_TABLE.sub(lambda found: _lay_table(found[0]), _lay_headings(html)))  # noqa: S704 our own, escaped where written


def _lay_headings(html: str) -> str:
    """Number headings by nesting, from 2 without a gap (RGAA 4.1, 9.1): a part may begin deep in the document, with « 4.1 »."""
    open_levels: list[int] = []

    def lay(found: re.Match[str]) -> str:
        if not found[1]:
            level = int(found[2])
            while open_levels and open_levels[-1] >= level:
                open_levels.pop()
            open_levels.append(level)
        return f"<{found[1]}h{min(1 + len(open_levels), LEVEL_MOST)}>"

    return _HEADING.sub(lay, html)


def _lay_table(html: str) -> str:
    """Give a wide table what it needs to fold: the role of each part, and with each cell the name of its column."""
    columns = [unescape(_TAG.sub("", name)) for name in _COLUMN.findall(html)]
    if len(columns) < STACKED_COLUMNS:
        return html
    kind = "cards" if len(columns) >= CARD_COLUMNS else "stacked"
    at = 0

    def lay(found: re.Match[str]) -> str:
        nonlocal at
        tag, attributes = found[1], found[2]
        role = ROLES.get(tag) or ("columnheader" if 'scope="col"' in attributes else "rowheader")
        named = f' data-column="{escape(columns[at])}"' if tag == "td" else ""
        if tag == "tr":
            at = 0
        elif tag in {"th", "td"}:
            span = _SPAN.search(attributes)
            at += int(span[1]) if span else 1
        marked = f' class="{kind}"' if tag == "table" else ""
        return f'<{tag} role="{role}"{attributes}{marked}{named}>'

    return _PART.sub(lay, html)


def query_of(form: Form) -> str:
    """Return what an address carries to keep the way to read: nothing for the text, which comes first."""
    return "" if form is Form.TEXT else f"?vue={form}"


def form_of(sent: str) -> Form:
    """Return the way to read that a form names; the text, where it names none."""
    return Form(sent) if sent in set(Form) else Form.TEXT
