"""What an evidence file says of an agreement: taken from its facts, its journal and its readers' reports, in honest words.

The shape is that of ``documents/schemas/evidence-1.json``. Under lock for years, it names the network address of a visit, which
proves where it came from, and masks mail addresses, which the mails kept beside it show in full.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from conventions.agreements import Agreement, FactKind
from conventions.canonical import Json
from conventions.french import capitalised, format_instant
from conventions.journal.heads import JournalHead
from conventions.kinds import FIELD_OF, SIGNERS, Party
from conventions.members import Member
from conventions.outgoing import Template
from conventions.people import MailAddress
from conventions.ports.registry import JournalEntry
from conventions.ports.stores import LockedObject
from conventions.preparation import Preparation, preparation_of
from conventions.programmes import Programme
from conventions.proved import is_left_to_the_member
from conventions.qualification import QualifiedWhy, answer_of
from conventions.sentences import TEMPLATE_LABELS

EVIDENCE_SCHEMA = "contreseing/evidence/1"
TOLD = ("agreement.", "link.", "document.", "code.", "question.", "desk.", "mail.", "outgoing.")
"""Families of events that the file tells; who read or took away what is kept is in the journal alone."""
NOT_TOLD = f"agreement.{FactKind.TRAIL_KEPT}"

IDENTIFIED_BY: Mapping[Party, tuple[str, ...]] = {
    Party.MEMBER: (
        "lien personnel envoyé à l’adresse électronique enregistrée pour cette personne",
        "code à six chiffres reçu à la même adresse au moment de signer",
    ),
    Party.SYNDICATE: (
        "compte personnel protégé par un mot de passe",
        "code d’application à usage unique, propre à la cérémonie",
    ),
}
IDENTIFIED_BY_UPLOAD = (
    "lien personnel envoyé à l’adresse électronique enregistrée pour cette personne",
    "certificat de cette personne, délivré par une autorité que le syndicat accepte",
)
IDENTIFIED_BY_CONFIRMATION = (
    *IDENTIFIED_BY_UPLOAD,
    "établissement confirmé par un agent du syndicat, le certificat n’indiquant pas de SIREN",
)
NOBODY_IDENTIFIED = ("aucun : cette personne n’a pas signé ce fichier",)
WHY_SIMPLE: Mapping[Party, str] = {
    Party.MEMBER: (
        "Signature électronique simple : le certificat, à usage unique, vient d’une autorité qui n’est pas qualifiée, et l’identité"
        " repose sur l’accès à une boîte aux lettres électronique."
    ),
    Party.SYNDICATE: (
        "Signature électronique simple : le certificat vient d’une autorité qui n’est pas qualifiée ; la personne s’est identifiée par"
        " un mot de passe et un second facteur."
    ),
}
WHY_TIMESTAMP: Mapping[str, str] = {
    "signature-timestamp": "Il date la signature.",
    "document-timestamp": "Il couvre tout ce qui le précède.",
}


@dataclass(frozen=True)
class EvidenceSources:
    """All that an evidence file is made from; ``reports`` are the readers' as kept, ``state`` what the archive says of the file."""

    agreement: Agreement
    member: Member
    programme: Programme
    demonstration: bool
    entries: Sequence[JournalEntry]
    reports: Sequence[Mapping[str, Json]]
    state: LockedObject
    heads: Sequence[JournalHead]


def told_events(entries: Sequence[JournalEntry]) -> list[JournalEntry]:
    """Choose the events that the file tells, in the order of time."""
    told = (entry for entry in entries if entry.event.type.startswith(TOLD) and entry.event.type != NOT_TOLD)
    return sorted(told, key=lambda entry: entry.event.at)


def evidence_data(sources: EvidenceSources) -> Mapping[str, Json]:
    """Build the data of the evidence file of an agreement's current version, archived or left as the member signed it.

    The same sources give the same data.

    Raises:
        NotFound: nothing of this version is under lock.
    """
    agreement, syndicate = sources.agreement, sources.programme.syndicate
    preparation, archived = preparation_of(agreement), agreement.fact(FactKind.ARCHIVED)
    kept = archived or agreement.required_fact(FactKind.MEMBER_FILE_KEPT)
    sha256 = (archived or agreement.required_fact(FactKind.MEMBER_SIGNED)).text("sha256")
    events = told_events(sources.entries)
    return {
        "schema": EVIDENCE_SCHEMA,
        "reference": agreement.reference,
        "version": agreement.version,
        "demonstration": sources.demonstration,
        "established_at": events[-1].event.at.isoformat(),
        "syndicate": {
            "name": syndicate.name,
            "siret": syndicate.siret,
            "seat": syndicate.seat,
            "telephone": syndicate.telephone,
            "website": syndicate.website,
        },
        "member": {"name": sources.member.name, "siret": sources.member.siret},
        "document": _document(agreement, preparation),
        "people": [_person(agreement, preparation, party) for party in SIGNERS[agreement.kind]],
        "events": [
            {
                "index": entry.index,
                "at": entry.event.at.isoformat(),
                "type": entry.event.type,
                "details": [{"name": name, "value": value} for name, value in details_of(entry) if value],
            }
            for entry in events
        ],
        "signatures": list(_signatures(agreement, preparation, sources.reports[0])),
        "timestamps": list(_timestamps(sources.reports[0])),
        "validations": [_validation(report) for report in sources.reports],
        "journal": _journal(events, sources.heads),
        "archive": {
            "key": kept.text("key"),
            "sha256": sha256,
            "lock_mode": sources.state.lock_mode,
            "retain_until": kept.text("retain_until"),
        },
    }


def _document(agreement: Agreement, preparation: Preparation) -> Mapping[str, Json]:
    prepared, signed, sealed = (agreement.fact(kind) for kind in (FactKind.PREPARED, FactKind.MEMBER_SIGNED, FactKind.COUNTERSIGNED))
    return {
        "kind": agreement.kind.value,
        "title": preparation.title,
        "page_count": preparation.page_count,
        "wording_id": prepared.data["wording"] if prepared else None,
        "wording_sha256": prepared.data["wording_sha256"] if prepared else None,
        "data_sha256": preparation.data_sha256,
        "prepared_sha256": preparation.sha256,
        "member_signed_sha256": signed.data["sha256"] if signed else None,
        "sealed_sha256": sealed.data["sha256"] if sealed else None,
    }


def _person(agreement: Agreement, preparation: Preparation, party: Party) -> Mapping[str, Json]:
    identified_by = IDENTIFIED_BY_UPLOAD if _is_uploaded(agreement, party) else IDENTIFIED_BY[party]
    signed = agreement.fact(FactKind.MEMBER_SIGNED)
    if party is Party.MEMBER and signed is not None and "confirmed" in signed.data:
        identified_by = IDENTIFIED_BY_CONFIRMATION
    if party is Party.SYNDICATE and is_left_to_the_member(agreement):
        identified_by = NOBODY_IDENTIFIED
    identity = preparation.identity(party)
    return {
        "party": party.value,
        "name": identity.person.addressed,
        "capacity": identity.person.capacity,
        "organisation": identity.organisation,
        "identified_by": list(identified_by),
    }


def _is_uploaded(agreement: Agreement, party: Party) -> bool:
    """Tell whether a person signed elsewhere, with a certificate and a tool of their own."""
    signed = agreement.fact(FactKind.MEMBER_SIGNED) if party is Party.MEMBER else None
    return signed is not None and "uploaded_sha256" in signed.data


def _signatures(agreement: Agreement, preparation: Preparation, report: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    facts = {Party.MEMBER: FactKind.MEMBER_SIGNED, Party.SYNDICATE: FactKind.COUNTERSIGNED}
    for finding in _items(report["signatures"]):
        party = next(party for party, field in FIELD_OF.items() if field == finding["field"])
        yield {
            "field": finding["field"],
            "signer": finding["signer"],
            "organisation": preparation.identity(party).organisation,
            "signed_at": finding["signed_at"],
            "level": finding["level"],
            "indication": finding["indication"],
            "certificate_sha256": agreement.required_fact(facts[party]).data["certificate_sha256"],
            "explanation": _why(party, finding.get("qualification"), is_uploaded=_is_uploaded(agreement, party)),
        }


def _why(party: Party, published: Json, *, is_uploaded: bool) -> str:
    """Explain what a signature is worth: our one-shot certificates are never qualified, another's is what trusted lists say."""
    answer = answer_of(published)
    if not is_uploaded and (published is None or answer.why is QualifiedWhy.NOT_CLAIMED):
        return WHY_SIMPLE[party]
    told = answer.of_signature()
    made = "Faite avec le certificat et l’outil de cette personne, vérifiée à son arrivée. " if is_uploaded else ""
    return f"{made}{capitalised(told)}."


def _timestamps(report: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    for finding in _items(report["timestamps"]):
        answer = answer_of(finding.get("qualification"))
        told = answer.of_timestamp()
        yield {
            "field": finding["field"],
            "authority": finding["authority"],
            "at": finding["at"],
            "is_qualified": answer.is_qualified is True,
            "explanation": f"{WHY_TIMESTAMP[str(finding['kind'])]} {capitalised(told)}.",
        }


def _validation(report: Mapping[str, Json]) -> Mapping[str, Json]:
    names = {"reader": "reader", "at": "validated_at", "sha256": "sha256", "is_valid": "valid", "level": "level"}
    return {name: report[key] for name, key in names.items()}


def _journal(events: Sequence[JournalEntry], heads: Sequence[JournalHead]) -> Mapping[str, Json] | None:
    """Name the first head that covers every event told, if there is one."""
    last = max((entry.index for entry in events if entry.index is not None), default=-1)
    if any(entry.index is None for entry in events):
        return None
    head = next((head for head in heads if head.size > last), None)
    return None if head is None else {"size": head.size, "root": head.root_sha256, "at": head.at.isoformat()}


def _items(value: Json) -> Iterator[Mapping[str, Json]]:
    assert isinstance(value, list | tuple)  # noqa: S101 written by ``render_report`` alone
    yield from (item for item in value if isinstance(item, Mapping))


def details_of(entry: JournalEntry) -> Iterator[tuple[str, str]]:
    """Say in French what an event states beyond its name; what was purged of it is left out."""
    data, personal = entry.event.data, entry.event.personal
    for name, label, words in _DETAILS:
        if name in data and data[name] is not None:
            yield label, words(data[name])
    for name in ("to", "address"):
        if personal.get(name):
            is_mail = "@" in personal[name]
            yield ("Adresse", MailAddress(personal[name], "").masked) if is_mail else ("Adresse réseau", personal[name])
    if personal.get("reason"):
        yield "Motif", personal["reason"]


def _plain(value: Json) -> str:
    return str(value)


def _instant(value: Json) -> str:
    return format_instant(datetime.fromisoformat(str(value)))


def _template(value: Json) -> str:
    return TEMPLATE_LABELS[Template(str(value))]


def _worded(words: Mapping[str, str]) -> Callable[[Json], str]:
    return lambda value: words.get(str(value), str(value))


def _counted(value: Json) -> str:
    return str(len(value)) if isinstance(value, list | tuple) else str(value)


_DETAILS: tuple[tuple[str, str, Callable[[Json], str]], ...] = (
    ("page_count", "Pages", _plain),
    ("sections", "Parties de lecture", _counted),
    ("deadline", "Échéance", _instant),
    ("template", "Courriel", _template),
    ("visitor", "Visite classée", _worded({"person": "personne", "machine": "machine"})),
    ("part", "Partie", _plain),
    ("served_as", "Présentée en", _worded({"picture": "images des pages", "text": "texte"})),
    ("tries_left", "Essais restants", _plain),
    ("mark", "Examiné comme", _worded({"ready": "prêt", "aside": "à laisser de côté"})),
    ("how_shown", "Présenté", _worded({"opened": "ouvert", "in_table": "en tableau", "sampled": "ouvert, par tirage"})),
    ("authorisation_id", "Cérémonie", _plain),
    ("expires_at", "Valable jusqu’à", _instant),
    ("reader", "Lecteur", _plain),
    ("level", "Niveau", lambda value: f"PAdES {value}"),
    ("signed_at", "Horodatée", _instant),
    ("retain_until", "Verrouillé jusqu’au", _instant),
    ("services", "Services", _counted),
    ("service", "Service", _plain),
    ("outcome", "Réponse", _worded({"acknowledged": "ouvert", "waiting_condition": "attend sa condition"})),
    ("code", "Cause", _plain),
    ("sha256", "Empreinte", _plain),
    ("entered_again_at", "Inscrit de nouveau au journal, d’après l’archive, le", _instant),
    ("attached_sha256", "Empreinte du fichier joint", _plain),
)
