"""Values of the fields and lists of the wording of an evidence file."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from conventions.kinds import Party
from documents.evidence import EvidenceData, Happening
from documents.evidence_words import INDICATION_LABELS, LEVEL_LABELS, PARTY_LABELS, sentence_of_event
from documents.french import set_french_spaces, spell_clock, spell_date, spell_digest, spell_integer, spell_siret
from documents.vocabulary import ListLines, Values

PARIS = ZoneInfo("Europe/Paris")
NOTHING = "aucune"
NO_INDEX = "–"
NO_LEVEL = "aucun"
NOT_YET = "ce fichier n’existe pas à la date du dossier"


def evidence_title(data: EvidenceData) -> str:
    """Title of an evidence file."""
    return f"Dossier de preuve n° {data.reference}"


def evidence_values(data: EvidenceData) -> Values:
    """Return the values of an evidence file's fields, all from one object."""
    document, journal, archive = data.document, data.journal, data.archive
    return Values(
        scalars={
            "agreement.reference": data.reference,
            "agreement.title": document.title,
            "agreement.version": spell_integer(data.version),
            "agreement.page_count": spell_integer(document.page_count),
            "archive.key": archive.key if archive else None,
            "archive.lock": archive.lock_mode if archive else None,
            "archive.retain_until": spell_date(archive.retain_until.astimezone(PARIS).date()) if archive else None,
            "archive.sha256": spell_digest(archive.sha256) if archive else None,
            "data.sha256": spell_digest(document.data_sha256),
            "established.at": spell_clock(data.established_at.astimezone(PARIS)),
            "established.on": spell_date(data.established_at.astimezone(PARIS).date()),
            "events.count": spell_integer(len(data.events)),
            "journal.at": spell_clock(journal.at.astimezone(PARIS)) if journal else None,
            "journal.root": spell_digest(journal.root) if journal else None,
            "journal.size": spell_integer(journal.size) if journal else None,
            "member.name": data.member.name,
            "member.siret": spell_siret(data.member.siret),
            "member_signed.sha256": _digest(document.member_signed_sha256),
            "prepared.sha256": spell_digest(document.prepared_sha256),
            "sealed.sha256": _digest(document.sealed_sha256),
            "syndicate.name": data.syndicate.name,
            "syndicate.seat": data.syndicate.seat,
            "syndicate.siret": spell_siret(data.syndicate.siret),
            "syndicate.telephone": data.syndicate.telephone,
            "syndicate.website": data.syndicate.website,
            "wording.id": document.wording_id,
            "wording.sha256": spell_digest(document.wording_sha256),
        },
        lists={
            "people": _people(data),
            "events": _events(data.events),
            "signatures": _signatures(data),
            "timestamps": _timestamps(data),
            "validations": _validations(data),
        },
        conditions={
            "archived": archive is not None,
            "demonstration": data.demonstration,
            "journalled": journal is not None,
            "member_alone": document.sealed_sha256 is None and any(one.party is Party.SYNDICATE for one in data.people),
            "sealed": document.sealed_sha256 is not None,
        },
    )


def _digest(digest_hex: str | None) -> str:
    return NOT_YET if digest_hex is None else spell_digest(digest_hex)


def _moment(at: datetime) -> str:
    return spell_clock(at.astimezone(PARIS))


def _people(data: EvidenceData) -> ListLines:
    return ListLines(
        (
            ("line.name", person.name),
            ("line.capacity", f"{person.capacity}, {PARTY_LABELS[person.party]} : {person.organisation}"),
            ("line.means", " ; ".join(person.identified_by) or NOTHING),
        )
        for person in data.people
    )


def _events(events: tuple[Happening, ...]) -> ListLines:
    return ListLines(
        (
            ("line.index", NO_INDEX if event.index is None else spell_integer(event.index)),
            ("line.at", _moment(event.at)),
            ("line.said", _said(event)),
        )
        for event in events
    )


def _said(event: Happening) -> str:
    details = " ; ".join(f"{name} : {value}" for name, value in event.details)
    return set_french_spaces(f"{sentence_of_event(event.type)} {details}.".rstrip(" .") + ".")


def _signatures(data: EvidenceData) -> ListLines:
    return ListLines(
        (
            ("line.signer", f"{signature.signer}, {signature.organisation}"),
            ("line.at", _moment(signature.signed_at)),
            (
                "line.said",
                set_french_spaces(
                    f"Champ {signature.field} : {INDICATION_LABELS[signature.indication]}, {LEVEL_LABELS[signature.level]}. "
                    f"{signature.explanation} Empreinte du certificat : {spell_digest(signature.certificate_sha256)}."
                ),
            ),
        )
        for signature in data.signatures
    )


def _timestamps(data: EvidenceData) -> ListLines:
    return ListLines(
        (
            ("line.authority", stamp.authority),
            ("line.at", _moment(stamp.at)),
            (
                "line.said",
                set_french_spaces(f"{stamp.field} : {'qualifié' if stamp.is_qualified else 'non qualifié'}. {stamp.explanation}"),
            ),
        )
        for stamp in data.timestamps
    )


def _validations(data: EvidenceData) -> ListLines:
    return ListLines(
        (
            ("line.reader", reading.reader),
            ("line.at", _moment(reading.at)),
            (
                "line.result",
                f"{'valable' if reading.is_valid else 'non valable'}, niveau {reading.level.value if reading.level else NO_LEVEL}",
            ),
            ("line.sha256", spell_digest(reading.sha256)),
        )
        for reading in data.validations
    )
