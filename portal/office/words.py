"""Words of the office: events, sendings, links, and whose turn it is."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from conventions.agreements import FactKind, Stage
from conventions.links import Closure, Link, Purpose
from conventions.outgoing import OutgoingState
from conventions.people import Person
from conventions.sentences import sentence_of
from conventions.status import Status
from portal.typography import lay_spaces

EVENT_LABELS: Mapping[str, str] = MappingProxyType(
    {
        f"agreement.{FactKind.DRAFTED}": "Dossier ouvert",
        f"agreement.{FactKind.DATA_REQUESTED}": "Informations demandées au membre",
        f"agreement.{FactKind.DATA_COMPLETED}": "Informations reçues du membre",
        f"agreement.{FactKind.PREPARED}": "Fichier préparé",
        f"agreement.{FactKind.INVITED}": "Lien de signature envoyé",
        f"agreement.{FactKind.CONSENTED}": "Accord du membre enregistré",
        f"agreement.{FactKind.MEMBER_SIGNED}": "Signée par le membre",
        f"agreement.{FactKind.MEMBER_FILE_KEPT}": "Exemplaire du membre mis sous verrou",
        f"agreement.{FactKind.TRAIL_KEPT}": "Courriels, ordres et relevé des faits mis sous verrou",
        "bundle.made": "Dossier de preuve remis",
        f"agreement.{FactKind.AUTHORISED}": "Contresignature autorisée",
        f"agreement.{FactKind.COUNTERSIGNED}": "Contresignée",
        f"agreement.{FactKind.VALIDATED}": "Signatures vérifiées",
        f"agreement.{FactKind.ARCHIVED}": "Archivée",
        f"agreement.{FactKind.RESTAMPED}": "Horodatage d’archive renouvelé",
        f"agreement.{FactKind.ORDERED}": "Ouverture des services demandée",
        f"agreement.{FactKind.ORDER_SETTLED}": "Réponse d’un service reçue",
        f"agreement.{FactKind.NOTIFIED}": "Exemplaire cosigné remis au membre",
        f"agreement.{FactKind.RETURNED}": "Renvoyée au membre",
        f"agreement.{FactKind.DECLINED}": "Refusée par le membre",
        f"agreement.{FactKind.CANCELLED}": "Annulée",
        f"agreement.{FactKind.SUPERSEDED}": "Remplacée",
        f"agreement.{FactKind.AMENDED}": "Modifiée par un avenant",
        f"agreement.{FactKind.TERMINATED}": "Fin fixée par un accusé de réception",
        f"agreement.{FactKind.QUARANTINED}": "Mise en quarantaine",
        f"agreement.{FactKind.RELEASED}": "Sortie de quarantaine",
        "agreement.countersign_failed": "Contresignature manquée",
        "link.opened": "Lien ouvert",
        f"agreement.{FactKind.DEADLINE_SET}": "Date limite fixée pour ce dossier",
        "data.given": "Informations reçues en partie",
        "member.corrected": "Renseignements du membre corrigés par un agent",
        "member.stop_lifted": "Signature permise par un agent, l’acte n’étant pas encore exécutoire",
        "link.reissued": "Lien pour compléter les informations renvoyé",
        "link.identity_refused": "« Ce n’est pas moi » : le lien est parvenu à quelqu’un d’autre",
        "document.part_turned": "Partie lue",
        "document.downloaded": "Fichier téléchargé par le membre",
        "code.requested": "Code demandé",
        "code.wrong": "Code inexact",
        "upload.refused": "Fichier signé ailleurs : refusé",
        "question.asked": "Question ou erreur signalée par le membre",
        "desk.reviewed": "Vue au parapheur",
        "file.read": "Fichier ouvert par un agent",
        "mail.sent": "Courriel envoyé",
        "outgoing.dead": "Envoi abandonné après plusieurs essais",
        "outgoing.replayed": "Envoi relancé par un agent",
    }
)

STAGE_LABELS: Mapping[Stage, str] = MappingProxyType(
    {
        Stage.PREPARED: "Tel que préparé, à signer",
        Stage.MEMBER_SIGNED: "Signé par le membre",
        Stage.SEALED: "Cosigné et scellé",
    }
)

OUTGOING_LABELS: Mapping[OutgoingState, str] = MappingProxyType(
    {OutgoingState.WAITING: "En attente", OutgoingState.SENT: "Parti", OutgoingState.DEAD: "Abandonné"}
)

PURPOSE_LABELS: Mapping[Purpose, str] = MappingProxyType({Purpose.SIGN: "Signer", Purpose.PREPARE: "Compléter les informations"})

CLOSURE_LABELS: Mapping[Closure, str] = MappingProxyType(
    {
        Closure.REPLACED: "remplacé",
        Closure.LOCKED: "bloqué après 5 codes inexacts",
        Closure.DECLINED: "fermé par le refus",
        Closure.CANCELLED: "annulé",
    }
)

_OURS = "Traitement automatique"
_AGENTS = "Nos agents"
REFUSED_UNTIL_CORRECTED = ("power.after", "power.missing", "signers.", "delegation.", "programme.", "documents.", "kind.", "parent.")
"""How the codes begin of refusals to prepare a document that time alone does not lift."""
_TURNS: Mapping[Status, str] = MappingProxyType(
    {
        Status.DRAFTED: _OURS,
        Status.AWAITING_COUNTERSIGNATURE: "La personne qui contresigne",
        Status.SEALING: _OURS,
        Status.ARCHIVED: _OURS,
        Status.RETURNED: _AGENTS,
        Status.QUARANTINED: _AGENTS,
    }
)

EMPTY = "–"


def event_label(type_: str) -> str:
    """Return the French words of an event; its own name where there are none."""
    return EVENT_LABELS.get(type_, type_)


def turn(status: Status, person: Person, failure_code: str | None = None) -> str:
    """Say who must act for the agreement to move; a dash when nobody must.

    What a rule refuses is not mended by trying again: our agents correct it.
    """
    if status is Status.DRAFTED and failure_code is not None and failure_code.startswith(REFUSED_UNTIL_CORRECTED):
        return _AGENTS
    if status in {Status.AWAITING_DATA, Status.AWAITING_MEMBER}:
        return person.addressed
    return _TURNS.get(status, EMPTY)


def link_state(link: Link, *, is_open: bool) -> str:
    """Say whether a link may be used, or why not."""
    if link.closed_as is not None:
        return CLOSURE_LABELS[link.closed_as]
    return "utilisable" if is_open else "expiré"


def why(code: str | None) -> str:
    """Return the sentence of a failure's code; an empty text when there is none."""
    return lay_spaces(sentence_of(code)) if code else ""
