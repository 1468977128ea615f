"""An agreement's history in French: one line per fact, as an agent reads it on the tracker's page.

No line holds a name, an address or a reason given in somebody's own words: those stand in the office.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from conventions.agreements import ACKNOWLEDGED, Fact, FactKind, Failure, service_codes
from conventions.amounts import said_amount
from conventions.canonical import Json
from conventions.french import NO_BREAK, format_date, paris_date
from conventions.held_uploads import HeldOutcome
from conventions.sentences import general_sentence

INFORMATION, WARNING = 20, 40
"""Levels of log lines, as Prefect numbers them."""

_PLAIN = {
    FactKind.DATA_COMPLETED: "Le membre a complété ses informations.",
    FactKind.CONSENTED: "Le membre a donné son accord, code vérifié.",
    FactKind.MEMBER_FILE_KEPT: "Fichier signé par le membre mis sous verrou.",
    FactKind.TRAIL_KEPT: "Courriels, ordres et relevé des faits mis sous verrou.",
    FactKind.RESTAMPED: "Horodatage d’archive renouvelé.",
    FactKind.AUTHORISED: "Contreseing autorisé par le signataire du syndicat.",
    FactKind.NOTIFIED: "Exemplaire signé par les deux parties remis au membre.",
    FactKind.RETURNED: "Renvoyée par le signataire du syndicat ; le motif est dans la gestion.",
    FactKind.DECLINED: "Refusée par le membre ; le motif est dans la gestion.",
    FactKind.CANCELLED: "Annulée ; le motif est dans la gestion.",
    FactKind.SUPERSEDED: "Remplacée.",
    FactKind.RELEASED: "Sortie de quarantaine.",
    FactKind.UPLOAD_HELD: "Fichier signé ailleurs, certificat sans SIREN : un agent doit le confirmer.",
}

STEP_NAMES = {
    "draft": "rédaction",
    "request_data": "demande d’informations",
    "prepare": "préparation",
    "invite": "invitation",
    "finish_signature": "signature du membre",
    "keep_member_file": "mise sous verrou du fichier du membre",
    "keep_trail": "mise sous verrou des courriels, des ordres et du relevé",
    "countersign": "contreseing",
    "archive": "archivage",
    "activate": "ouverture des services",
    "restamp": "renouvellement de l’horodatage",
}
"""What each step is called, after « échec de l’étape »."""


@dataclass(frozen=True)
class HistoryLine:
    """One line: when, at which level, what."""

    at: datetime
    level: int
    text: str


def history_lines(facts: Sequence[Fact], start: int = 0) -> list[HistoryLine]:
    """Return the lines of the facts from ``start`` on; lines of one instant keep their order by a microsecond each."""
    new = facts[start:]
    settled = [fact for fact in new if fact.kind is FactKind.ORDER_SETTLED]
    said = [(fact.at, _sentence(fact)) for fact in new if fact.kind is not FactKind.ORDER_SETTLED]
    if settled:
        said.append((settled[-1].at, _settled_sentence(settled)))
    return [HistoryLine(at + timedelta(microseconds=start + n), INFORMATION, _spaced(text)) for n, (at, text) in enumerate(said)]


def failure_line(failure: Failure, facts: int) -> HistoryLine:
    """Return the line of a failed attempt, after those of as many facts."""
    return HistoryLine(failure.at + timedelta(microseconds=facts), WARNING, failure_sentence(failure))


def failure_sentence(failure: Failure) -> str:
    """Say which step failed and why."""
    return failure_words(failure.step, failure.code)


def failure_words(step: str, code: str) -> str:
    """Say in French what a step's identifier and an error's code say."""
    return _spaced(f"Échec de l’étape « {step_name(step)} » : {reason(code)}")


def step_name(step: str) -> str:
    """Return the French name of a step; its identifier when it has none."""
    return STEP_NAMES.get(step, step)


HELD_SENTENCES = {
    HeldOutcome.CONFIRMED: "Certificat confirmé par un agent.",
    HeldOutcome.REFUSED: "Certificat refusé par un agent : le membre en est averti.",
    HeldOutcome.OVERTAKEN: "Fichier en attente laissé de côté : le membre a signé autrement.",
}


def reason(code: str) -> str:
    """Say an error's code in French; a detail that only the moment knew is left as an ellipsis."""
    return general_sentence(code)


def _sentence(fact: Fact) -> str:
    plain = _PLAIN.get(fact.kind)
    return plain if plain is not None else " ".join(_told(fact))


def _told(fact: Fact) -> Iterator[str]:
    data = fact.data
    match fact.kind:
        case FactKind.DRAFTED:
            yield "Dossier ouvert." if fact.version == 1 else f"Dossier rouvert : version {fact.version}."
        case FactKind.DATA_REQUESTED:
            yield f"Informations manquantes demandées au membre : {_count(data['fields'])}."
        case FactKind.PREPARED:
            yield f"Document préparé : {data['page_count']} pages. {said_amount(data)}."
        case FactKind.INVITED:
            yield f"Invitation à signer mise à l’envoi, valable jusqu’au {format_date(paris_date(fact.instant('deadline')))}."
        case FactKind.DEADLINE_SET:
            yield f"Date limite fixée par un agent : {format_date(paris_date(fact.instant('deadline')))}."
        case FactKind.UPLOAD_SETTLED:
            yield HELD_SENTENCES[HeldOutcome(fact.text("outcome"))]
        case FactKind.MEMBER_SIGNED:
            yield f"Signée par le membre, niveau {data['level']}."
        case FactKind.COUNTERSIGNED:
            yield f"Contresignée, niveau {data['level']}."
        case FactKind.VALIDATED:
            yield f"Signatures vérifiées par {data['reader']}, niveau {data['level']}."
        case FactKind.ARCHIVED:
            yield f"Archivée sous verrou jusqu’au {format_date(paris_date(fact.instant('retain_until')))}."
        case FactKind.ORDERED:
            yield f"Ouverture demandée pour {len(service_codes(fact))} services."
        case FactKind.AMENDED:
            yield f"Modifiée par l’avenant n° {data['number']} ({data['document']}), à compter du {_day(data['effective_on'])}."
        case FactKind.TERMINATED:
            yield f"Résiliée : dernier jour le {_day(data['on'])}, accusé de réception {data['document']}."
        case FactKind.QUARANTINED:
            yield f"Mise en quarantaine : {reason(fact.text('reason'))}"
        case _:
            yield fact.kind.value


def _day(value: Json) -> str:
    return format_date(date.fromisoformat(str(value)))


def _settled_sentence(settled: Sequence[Fact]) -> str:
    opened = [fact.text("service") for fact in settled if fact.data["outcome"] == ACKNOWLEDGED]
    waiting = [fact.text("service") for fact in settled if fact.data["outcome"] != ACKNOWLEDGED]
    parts = [f"Services ouverts : {', '.join(opened)}."] if opened else []
    return " ".join([*parts, *([f"En attente d’une condition : {', '.join(waiting)}."] if waiting else [])])


def _count(value: object) -> int:
    return len(value) if isinstance(value, list | tuple) else 0


def _spaced(text: str) -> str:
    for mark in (" :", " ;", " »", " !", " ?"):
        text = text.replace(mark, NO_BREAK + mark[1])
    return text.replace("« ", f"«{NO_BREAK}")
