"""The HTML twin of an agreement: the same blocks as its pages, part by part, for who reads on a screen or by ear.

Plain semantic elements, no style, no script: the page that shows it brings its own. Levels are shifted by one, because that
page has its own first heading. ``documents.structure_text`` proves that both say the same words.
"""

from __future__ import annotations

from html import escape

from conventions.ports.documents import TwinPart
from documents.blocks import (
    Align,
    Block,
    BulletList,
    Composition,
    DataTable,
    Emphasis,
    FactSheet,
    Heading,
    PageBreak,
    Paragraph,
    Run,
    Runs,
    Signatures,
    plain,
)
from documents.pdf.metadata import LANGUAGE

_TAGS = {Emphasis.STRONG: "strong", Emphasis.ITALIC: "em"}
HEADING_SHIFT = 1


def render_parts(composition: Composition) -> tuple[TwinPart, ...]:
    """Write each part as an HTML fragment."""
    return tuple(
        TwinPart(part.title, f'<section lang="{LANGUAGE[:2]}">\n' + "\n".join(filter(None, map(_block, part.blocks))) + "\n</section>")
        for part in composition.parts
    )


def _block(block: Block) -> str:
    match block:
        case Heading(level, runs):
            return f"<h{level + HEADING_SHIFT}>{_inline(runs)}</h{level + HEADING_SHIFT}>"
        case Paragraph(runs):
            return f"<p>{_inline(runs)}</p>"
        case BulletList(ordered, items):
            tag = "ol" if ordered else "ul"
            return f"<{tag}>\n" + "\n".join(f"<li>{_inline(item)}</li>" for item in items) + f"\n</{tag}>"
        case DataTable():
            return _table(block)
        case FactSheet(caption, rows):
            lines = "\n".join(f'<tr><th scope="row">{_inline(name)}</th><td>{_inline(value)}</td></tr>' for name, value in rows)
            return f'<table class="facts" aria-label="{escape(plain(caption))}">\n<tbody>\n{lines}\n</tbody>\n</table>'
        case Signatures(boxes):
            sides = "\n".join(
                f'<div class="signature {box.party}">'
                f"<p><em>{_inline(box.formula)}</em></p>\n<p><strong>{_inline(box.name)}</strong></p>\n<p>{_inline(box.capacity)}</p></div>"
                for box in boxes
            )
            return f'<div class="signatures">\n{sides}\n</div>'
        case PageBreak():
            return ""


def _table(table: DataTable) -> str:
    classes = [' class="amount"' if align is Align.RIGHT else "" for align in table.aligns]
    head = "".join(f'<th scope="col"{css}>{_inline(runs)}</th>' for runs, css in zip(table.head, classes, strict=True))
    lines = []
    for row in table.rows:
        cells = "".join(f"<td{css}>{_inline(runs)}</td>" for runs, css in zip(row[1:], classes[1:], strict=True))
        lines.append(f'<tr><th scope="row">{_inline(row[0])}</th>{cells}</tr>')
    body = "<tbody>\n" + "\n".join(lines) + "\n</tbody>"
    foot = f"\n<tfoot>\n{_total(table, classes)}\n</tfoot>" if table.total is not None else ""
    return f"<table>\n<caption>{_inline(table.caption)}</caption>\n<thead>\n<tr>{head}</tr>\n</thead>\n{body}{foot}\n</table>"


def _total(table: DataTable, classes: list[str]) -> str:
    total, spanned = table.total or (), table.total_label_columns
    cells = "".join(f"<td{css}>{_inline(runs)}</td>" for runs, css in zip(total[spanned:], classes[spanned:], strict=True))
    span = f' colspan="{spanned}"' if spanned > 1 else ""
    return f'<tr><th scope="row"{span}>{_inline(total[0])}</th>{cells}</tr>'


def _inline(runs: Runs) -> str:
    return "".join(map(_run, runs))


def _run(run: Run) -> str:
    said = escape(run.text, quote=False)
    if run.emphasis in _TAGS:
        said = f"<{_TAGS[run.emphasis]}>{said}</{_TAGS[run.emphasis]}>"
    if run.link is not None:
        said = f'<a href="{escape(run.link)}">{said}</a>'
    return said
