"""The report of a signing ceremony, as a tagged PDF: who authorised what, and the result of each document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from conventions.canonical import render_canonical
from conventions.ceremony_report import SECOND_FACTOR, CeremonyReport, ReportedItem, report_data
from conventions.french import counted, format_date, format_euros, format_instant, paris_date
from documents.blocks import Align, Block, Composition, DataTable, Emphasis, FactSheet, Heading, Paragraph, Part, Run, Runs
from documents.fonts import writable_characters
from documents.french import NO_BREAK, set_french_spaces, spell_digest
from documents.pdf.canvas import Attachment
from documents.pdf.stationery import PLAIN, Stationery
from documents.rendering import Issue, Issuer, render_composition

TITLE = "Séance de signature"
DATA_FILENAME = "ceremony-report.json"
UNWRITABLE = "?"
SHOWN: Mapping[str, str] = MappingProxyType({"opened": "ouvert", "sampled": "ouvert, tiré au sort", "in_table": "présenté dans le tableau"})
SERVED: Mapping[str, str] = MappingProxyType({"text": "texte", "picture": "images des pages"})


def render_ceremony_report(report: CeremonyReport, stationery: Stationery = PLAIN) -> bytes:
    """Render the report; it carries its data, and the sealed list with what seals it. Same report, same bytes.

    Raises:
        InputRefused: something is taller than a page.
    """
    syndicate = report.syndicate
    issue = Issue(
        issuer=Issuer(syndicate.name, syndicate.seat, syndicate.siret, syndicate.telephone, syndicate.website),
        title=f"{TITLE} du {format_date(paris_date(report.at))}",
        subject="Rapport d’une séance de signature",
        reference=report.id,
        written_on=paris_date(report.established_at),
        demonstration=report.demonstration,
        attachment=Attachment(DATA_FILENAME, "application/json", "Données du rapport", render_canonical(report_data(report))),
        others=(
            Attachment("liste.json", "application/json", "Liste autorisée, telle que scellée", report.sealed.manifest),
            Attachment("liste.p7s", "application/pkcs7-signature", "Cachet de la liste (CMS détaché)", report.sealed.cms),
            Attachment("liste.tsr", "application/timestamp-reply", "Horodatage de la liste (RFC 3161)", report.sealed.timestamp),
        ),
    )
    composition = Composition(TITLE, (Part("Résultat", tuple(_blocks(report))),))
    return render_composition(composition, issue, stationery).data


def _blocks(report: CeremonyReport) -> Iterator[Block]:
    done, total = len(report.countersigned), len(report.items)
    yield Heading(1, _runs(f"{TITLE} du {format_date(paris_date(report.at))}"))
    yield Paragraph(Runs((Run(_shown(_summary(done, total, report.total_eur)), Emphasis.STRONG),)))
    yield FactSheet(_runs("L’autorisation"), tuple((_runs(name), _runs(value)) for name, value in _facts(report).items()))
    yield Heading(2, _runs("La liste"))
    yield Paragraph(
        _runs(
            "Chaque document autorisé, avec l’empreinte SHA-256 du fichier préparé et ce qu’il est devenu dans cette séance. "
            "La liste telle qu’elle a été scellée est jointe à ce fichier, avec son cachet et son horodatage."
        )
    )
    yield _table(
        "Documents autorisés",
        ("Référence", "Membre", "Par an ou portée", "Empreinte", "Résultat"),
        [
            (item.reference, item.organisation, _amount(item), _digest(item.prepared_sha256), f"{_result(item)} {_how(item)}")
            for item in report.items
        ],
    )
    back = [item for item in report.items if item.failure is not None or item.return_reason is not None]
    yield Heading(2, _runs("Ce qui n’a pas été contresigné"))
    if back:
        rows = [(item.reference, item.organisation, _why(item)) for item in back]
        yield _table("Ce qui est revenu, et pourquoi", ("Référence", "Membre", "Pourquoi"), rows)
    else:
        yield Paragraph(_runs("Tout ce qui figurait dans la liste a été contresigné."))


def _summary(done: int, total: int, total_eur: int) -> str:
    countersigned = "contresigné" if done in (0, 1) else "contresignés"
    return f"{counted(done, 'document', 'documents')} {countersigned} sur {total}, pour {format_euros(total_eur)} par an."


def _facts(report: CeremonyReport) -> Mapping[str, str]:
    delegation, person, models = report.delegation, report.person, report.models_read
    return {
        "Autorisé par": f"{person.addressed}, {person.capacity}",
        "Délégation": f"n° {delegation.number} du {format_date(delegation.on)}, jusqu’au {format_date(delegation.ends_on)}",
        "Autorisé le": format_instant(report.at),
        "Second facteur": SECOND_FACTOR,
        "Liste scellée et horodatée le": format_instant(report.sealed.sealed_at),
        "Autorisation valable jusqu’au": format_instant(report.expires_at),
        **({"Modèle lu, empreinte SHA-256": " ; ".join(map(spell_digest, models))} if models else {}),
        "Séance": report.id,
    }


def _amount(item: ReportedItem) -> str:
    return format_euros(item.contribution_eur) if item.contribution_eur else item.amount


def _result(item: ReportedItem) -> str:
    if item.countersigned_at is None:
        return "Non contresigné."
    return f"Contresigné le {format_instant(item.countersigned_at)}."


def _digest(digest_hex: str) -> str:
    """Write a digest for a narrow column: a line may turn after each group."""
    return spell_digest(digest_hex).replace(NO_BREAK, " ")


def _how(item: ReportedItem) -> str:
    served = f" ({', '.join(SERVED[form] for form in item.served_as)})" if item.served_as else ""
    model = " ; modèle lu" if item.model_sha256 is not None else ""
    return f"Vu : {SHOWN[item.how_shown]}{served}{model}."


def _why(item: ReportedItem) -> str:
    said = [item.failure or ""]
    if item.returned_at is not None:
        said.append(f"Renvoyé au membre le {format_instant(item.returned_at)}, avec ce motif : {item.return_reason}")
    return " ".join(filter(None, said))


def _table(caption: str, head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> DataTable:
    return DataTable(
        _runs(caption),
        tuple(_runs(name) for name in head),
        (Align.LEFT,) * len(head),
        tuple(tuple(_runs(cell) for cell in row) for row in rows),
    )


def _runs(text: str) -> Runs:
    return Runs((Run(_shown(text)),))


def _shown(text: str) -> str:
    """Set a text that may hold a person's words: what the fonts lack is shown as a question mark."""
    writable = writable_characters()
    return "".join(one if one in writable else UNWRITABLE for one in set_french_spaces(text.replace("\n", " ")))
