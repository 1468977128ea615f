"""The report of a verification by hand, as a tagged PDF: the verdict of each file in one sentence, then the detail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from conventions.canonical import render_canonical, sha256_hex
from conventions.french import capitalised, format_date, format_instant, paris_date
from conventions.signatures import SignatureFinding, TimestampFinding
from conventions.verdicts import INDICATIONS, french_reasons, of_signature, verdict
from conventions.verification import FileVerification, qualification_of, render_verification
from documents.blocks import Align, Block, BulletList, Composition, DataTable, Emphasis, FactSheet, Heading, Paragraph, Part, Run, Runs
from documents.fonts import writable_characters
from documents.french import set_french_spaces, spell_digest
from documents.pdf.canvas import Attachment, TaggedCanvas
from documents.pdf.furniture import Furniture
from documents.pdf.metadata import DocumentProperties
from documents.pdf.pages import draw_pages, flows_of, paginate
from documents.pdf.style import PAGE_HEIGHT, PAGE_WIDTH

TITLE = "Rapport de vérification de signatures"
ISSUER = "Contreseing"
DATA_FILENAME = "verification.json"
UNWRITABLE = "?"
RULES = (
    "Vérification selon la norme ETSI EN 319 102-1, à partir du contenu des fichiers et des autorités de confiance données. "
    "Le niveau est celui que le fichier montre (EN 319 142-1). "
    "Le caractère qualifié vient des seules listes de confiance (ETSI TS 119 615) : il n'est jamais supposé."
)


@dataclass(frozen=True)
class VerifiedFile:
    """A file's name, as given, and what was found in it."""

    name: str
    found: FileVerification


def render_verification_report(files: tuple[VerifiedFile, ...], at: datetime, written_at: datetime) -> bytes:
    """Render the report of some files verified as of ``at``; it carries the same facts as JSON. Same input, same bytes.

    Raises:
        InputRefused: something is taller than a page.
    """
    data = render_canonical({"at": at.isoformat(), "files": [{"file": one.name, **render_verification(one.found)} for one in files]})
    properties = DocumentProperties(
        title=TITLE, author=ISSUER, subject=TITLE, written_on=paris_date(written_at), identifier_hex=sha256_hex(data)[:32]
    )
    composition = Composition(TITLE, tuple(Part(_shown(one.name), tuple(_blocks(one, rank, at))) for rank, one in enumerate(files)))
    canvas = TaggedCanvas((PAGE_WIDTH, PAGE_HEIGHT), properties)
    pages = paginate(flows_of(composition))
    furniture = Furniture(
        ISSUER, (f"Établi le {format_instant(written_at)}",), TITLE, f"au {format_date(paris_date(at))}", demonstration=False
    )
    draw_pages(canvas, pages, len(composition.parts), furniture)
    return canvas.render((Attachment(DATA_FILENAME, "application/json", "Résultats de la vérification", data),))


def _blocks(file: VerifiedFile, rank: int, at: datetime) -> Iterator[Block]:
    found = file.found
    if rank == 0:
        yield Heading(1, _runs(TITLE))
        yield Paragraph(_runs(RULES))
    yield Heading(2, _runs(file.name))
    yield Paragraph(Runs((Run(_shown(verdict(found)), Emphasis.STRONG),)))
    causes = french_reasons(found)
    if causes:
        yield BulletList(False, tuple(_runs(f"{capitalised(cause)}.") for cause in causes))
    yield FactSheet(_runs("Fichier"), tuple((_runs(name), _runs(value)) for name, value in _facts(found, at).items()))
    if found.signatures:
        yield _table("Signatures", ("Signataire", "Heure", "Résultat"), [_signature(one) for one in found.signatures])
    if found.timestamps:
        yield _table("Horodatages", ("Autorité", "Heure", "Résultat"), [_timestamp(one) for one in found.timestamps])


def _facts(found: FileVerification, at: datetime) -> Mapping[str, str]:
    until = found.verifiable_until
    return {
        "Empreinte SHA-256": spell_digest(found.sha256),
        "Vérifié à la date du": format_instant(at),
        "Niveau": found.level.value if found.level is not None else "aucun",
        "Vérifiable ainsi jusqu'au": format_date(paris_date(until)) if until is not None else "sans objet",
        **({"État des autorités connu au": format_instant(found.state_known_at)} if found.state_known_at is not None else {}),
    }


def _signature(one: SignatureFinding) -> tuple[str, str, str]:
    sub = f" ({one.sub_indication})" if one.sub_indication else ""
    level = one.level.value if one.level is not None else "sans niveau PAdES"
    result = f"{INDICATIONS[one.indication]}, {one.indication.value}{sub}, {level} ; {of_signature(one)}"
    return one.signer or "sans nom", format_instant(one.signed_at), f"{one.field} : {result}."


def _timestamp(one: TimestampFinding) -> tuple[str, str, str]:
    result = f"{INDICATIONS[one.indication]}, {one.indication.value} ; {qualification_of(one).of_timestamp()}"
    return one.authority or "sans nom", format_instant(one.at), f"{one.field} : {result}."


def _table(caption: str, head: tuple[str, ...], rows: list[tuple[str, str, str]]) -> DataTable:
    return DataTable(
        _runs(caption),
        tuple(_runs(name) for name in head),
        (Align.LEFT,) * len(head),
        tuple(tuple(_runs(cell) for cell in row) for row in rows),
    )


def _runs(text: str) -> Runs:
    return Runs((Run(_shown(text)),))


def _shown(text: str) -> str:
    """Set a text whose characters came with somebody's file: what the fonts lack is shown as a question mark."""
    writable = writable_characters()
    return "".join(one if one in writable else UNWRITABLE for one in set_french_spaces(text))
