"""The same content set by other engines: plain reportlab platypus, and WeasyPrint and Typst where they are installed.

None of them writes signature fields, locks or attached data, and only the structure that WeasyPrint and Typst make by
themselves: what is compared is the composition of the pages.
"""

from __future__ import annotations

import importlib.util
import io
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import ListFlowable, PageBreak, Paragraph, SimpleDocTemplate, Table, TableStyle

from documents.blocks import Block, BulletList, Composition, DataTable, Emphasis, FactSheet, Heading, Runs, Signatures
from documents.blocks import PageBreak as NewPage
from documents.blocks import Paragraph as Prose
from documents.fonts import Face
from documents.twin import render_parts

Engine = Callable[[Composition], bytes]
MARGIN = 71
_NAMES = {Face.REGULAR: "Body", Face.STRONG: "Body-Bold", Face.ITALIC: "Body-Italic"}
_STYLES = {0: ParagraphStyle("p", fontName="Body", fontSize=10, leading=13.7, spaceAfter=6)} | {
    level: ParagraphStyle(f"h{level}", fontName="Body-Bold", fontSize=size, leading=size * 1.3, spaceBefore=8, spaceAfter=4)
    for level, size in ((1, 19), (2, 14), (3, 11), (4, 10))
}
_GRID = TableStyle([("LINEBELOW", (0, 0), (-1, -1), 0.4, "#b8c4c9"), ("VALIGN", (0, 0), (-1, -1), "TOP")])


def peers() -> Mapping[str, Engine]:
    """Return the engines that can be used here."""
    found: dict[str, Engine] = {"plain platypus": _platypus()}
    if importlib.util.find_spec("typst"):
        found["Typst"] = _typst()
    if importlib.util.find_spec("weasyprint"):
        found["WeasyPrint"] = _weasyprint()
    return found


def _platypus() -> Engine:
    for face, name in _NAMES.items():
        pdfmetrics.registerFont(TTFont(name, str(face.path)))
    pdfmetrics.registerFontFamily("Body", "Body", "Body-Bold", "Body-Italic", "Body-Bold")

    def render(composition: Composition) -> bytes:
        target = io.BytesIO()
        template = SimpleDocTemplate(target, pagesize=A4, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=78, bottomMargin=68)
        template.build([flowable for part in composition.parts for block in part.blocks for flowable in _flowables(block)])
        return target.getvalue()

    return render


def _flowables(block: Block) -> Iterator[Any]:
    match block:
        case Heading(level, runs):
            yield Paragraph(_markup(runs), _STYLES[level])
        case Prose(runs):
            yield Paragraph(_markup(runs), _STYLES[0])
        case BulletList(_, items):
            yield ListFlowable([Paragraph(_markup(item), _STYLES[0]) for item in items], bulletType="bullet")
        case DataTable(caption, head, _, rows, total):
            yield Paragraph(_markup(caption), _STYLES[4])
            lines = [head, *rows, *([total] if total else [])]
            yield Table([[Paragraph(_markup(cell), _STYLES[0]) for cell in line] for line in lines], repeatRows=1, style=_GRID)
        case FactSheet(_, rows):
            yield Table([[Paragraph(_markup(cell), _STYLES[0]) for cell in row] for row in rows], style=_GRID)
        case Signatures(boxes):
            yield Table([[Paragraph(_markup(box.name), _STYLES[0]) for box in boxes]], style=_GRID)
        case NewPage():
            yield PageBreak()


def _markup(runs: Runs) -> str:
    tags = {Emphasis.STRONG: "b", Emphasis.ITALIC: "i"}
    return "".join(
        f"<{tags[run.emphasis]}>{escape(run.text)}</{tags[run.emphasis]}>" if run.emphasis in tags else escape(run.text) for run in runs
    )


def _weasyprint() -> Engine:
    weasyprint = importlib.import_module("weasyprint")
    face = Face.REGULAR.path.as_uri()
    css = weasyprint.CSS(
        string=f"@font-face{{font-family:Body;src:url({face})}} @page{{size:A4;margin:25mm}} body{{font:10pt Body}} table{{width:100%}}"
    )

    def render(composition: Composition) -> bytes:
        html = "<!doctype html><html lang=fr><body>" + "".join(part.html for part in render_parts(composition))
        written: bytes = weasyprint.HTML(string=html).write_pdf(stylesheets=[css])
        return written

    return render


def _typst() -> Engine:
    typst = importlib.import_module("typst")
    fonts = str(Face.REGULAR.path.parent)

    def render(composition: Composition) -> bytes:
        lines = ['#set page(paper: "a4", margin: 25mm)', '#set text(font: "Source Sans Pro", size: 10pt, lang: "fr")']
        lines += [_typed(block) for part in composition.parts for block in part.blocks]
        with tempfile.NamedTemporaryFile("w", suffix=".typ", encoding="utf-8", delete=False) as source:
            source.write("\n\n".join(lines))
        try:
            written: bytes = typst.compile(source.name, font_paths=[fonts])
        finally:
            Path(source.name).unlink()
        return written

    return render


def _typed(block: Block) -> str:
    match block:
        case Heading(level, runs):
            return f"#heading(level: {level})[{_content(runs)}]"
        case Prose(runs):
            return _content(runs)
        case BulletList(ordered, items):
            return f"#{'enum' if ordered else 'list'}({', '.join(f'[{_content(item)}]' for item in items)})"
        case DataTable(caption, head, _, rows, total):
            cells = ", ".join(f"[{_content(cell)}]" for line in (*rows, *([total] if total else [])) for cell in line)
            top = ", ".join(f"[{_content(cell)}]" for cell in head)
            return f"{_content(caption)}\n\n#table(columns: {len(head)}, table.header({top}), {cells})"
        case FactSheet(_, rows):
            return f"#table(columns: 2, {', '.join(f'[{_content(cell)}]' for row in rows for cell in row)})"
        case Signatures(boxes):
            return f"#table(columns: {len(boxes)}, {', '.join(f'[{_content(box.name)}]' for box in boxes)})"
        case NewPage():
            return "#pagebreak()"


def _content(runs: Runs) -> str:
    """Write text as strings of code, where no sign has a meaning."""
    marks = {Emphasis.STRONG: "strong", Emphasis.ITALIC: "emph", Emphasis.NONE: "text"}
    return "".join('#{}("{}")'.format(marks[run.emphasis], run.text.replace("\\", "\\\\").replace('"', '\\"')) for run in runs)
