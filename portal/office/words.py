"""Words of the office: events, sendings, links."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from conventions.agreements import FactKind, Stage
from conventions.canonical import Json
from conventions.events import Event
from conventions.french import NO_BREAK
from conventions.kinds import FEMININE, Kind
from conventions.links import Closure, Link, Purpose
from conventions.outgoing import OutgoingState
from conventions.scale import Category
from conventions.sentences import CATEGORY_LABELS, sentence_of
from portal.typography import lay_spaces

EVENT_LABELS: Mapping[str, str] = MappingProxyType(
    {
        f"agreement.{FactKind.DRAFTED}": "Dossier ouvert",
        f"agreement.{FactKind.DATA_REQUESTED}": "Informations demandées au membre",
        f"agreement.{FactKind.DATA_COMPLETED}": "Informations reçues du membre",
        f"agreement.{FactKind.PREPARED}": "Fichier préparé",
        f"agreement.{FactKind.INVITED}": "Lien de signature envoyé",
        f"agreement.{FactKind.CONSENTED}": "Accord du membre enregistré",
        f"agreement.{FactKind.MEMBER_SIGNED}": "Signé{e} par le membre",
        f"agreement.{FactKind.MEMBER_FILE_KEPT}": "Exemplaire du membre mis sous verrou",
        f"agreement.{FactKind.TRAIL_KEPT}": "Courriels, ordres et relevé des faits mis sous verrou",
        "bundle.made": "Dossier de preuve remis",
        f"agreement.{FactKind.AUTHORISED}": "Contresignature autorisée",
        f"agreement.{FactKind.COUNTERSIGNED}": "Contresigné{e}",
        f"agreement.{FactKind.VALIDATED}": "Signatures vérifiées",
        f"agreement.{FactKind.ARCHIVED}": "Archivé{e}",
        f"agreement.{FactKind.RESTAMPED}": "Horodatage d’archive renouvelé",
        f"agreement.{FactKind.ORDERED}": "Ouverture des services demandée",
        f"agreement.{FactKind.ORDER_SETTLED}": "Réponse d’un service reçue",
        f"agreement.{FactKind.NOTIFIED}": "Exemplaire cosigné remis au membre",
        f"agreement.{FactKind.RETURNED}": "Renvoyé{e} au membre",
        f"agreement.{FactKind.DECLINED}": "Refusé{e} par le membre",
        f"agreement.{FactKind.CANCELLED}": "Annulé{e}",
        f"agreement.{FactKind.SUPERSEDED}": "Remplacé{e}",
        f"agreement.{FactKind.AMENDED}": "Modifié{e} par un avenant",
        f"agreement.{FactKind.TERMINATED}": "Fin fixée par un accusé de réception",
        f"agreement.{FactKind.QUARANTINED}": "Mis{e} en quarantaine",
        f"agreement.{FactKind.RELEASED}": "Sortie de quarantaine",
        "agreement.countersign_failed": "Contresignature manquée",
        "link.opened": "Lien ouvert",
        f"agreement.{FactKind.DEADLINE_SET}": "Date limite fixée pour ce dossier",
        "data.given": "Informations reçues en partie",
        "member.corrected": "Renseignements du membre corrigés par un agent",
        "member.stop_lifted": "Signature permise par un agent, l’acte n’étant pas encore exécutoire",
        "link.reissued": "Lien pour compléter les informations renvoyé",
        "link.identity_refused": "« Ce n’est pas moi » : le lien est parvenu à quelqu’un d’autre",
        "document.part_turned": "Partie parcourue",
        "document.downloaded": "Fichier téléchargé par le membre",
        "code.requested": "Code demandé",
        "code.wrong": "Code inexact",
        "upload.refused": "Fichier signé ailleurs : refusé",
        f"agreement.{FactKind.UPLOAD_HELD}": "Fichier signé ailleurs : attend qu’un agent confirme le certificat",
        f"agreement.{FactKind.UPLOAD_SETTLED}": "Fichier signé ailleurs : certificat confirmé ou refusé",
        "certificate.told": "Certificat sans SIREN signalé aux agents",
        "question.asked": "Question ou erreur signalée par le membre",
        "attention.handled": "Demande traitée par un agent",
        "note.written": "Note d’un agent",
        "desk.shown": "Ouvert{e} au parapheur",
        "desk.reviewed": "Vu{e} au parapheur",
        "file.page_seen": "Page vue au parapheur",
        "file.downloaded": "Fichier téléchargé au parapheur",
        "journal.proved": "Preuve du journal remise",
        "file.read": "Fichier ouvert par un agent",
        "file.reread": "Fichier archivé relu en ligne de commande, et jugé par les deux lecteurs",
        "archive.mail_lost": "Courriel perdu avant d’être mis sous verrou ; le journal en garde l’empreinte",
        "archive.member_file_judged": "Signature du membre vérifiée : le fichier n’a pas été contresigné",
        "archive.object_lost": "Fichier perdu avant d’être mis sous verrou ; le journal en garde l’empreinte",
        "mail.sent": "Courriel envoyé",
        "outgoing.dead": "Envoi abandonné après plusieurs essais",
        "outgoing.replayed": "Envoi relancé par un agent",
        "archive.held": "Dossier gelé",
        "archive.let_go": "Dossier dégelé",
        "archive.lock_extended": "Verrous prolongés",
        "archive.fault_found": "Anomalie trouvée dans l’archive",
        "archive.repaired": "Fichiers recopiés d’un dépôt à l’autre",
    }
)

STAGE_LABELS: Mapping[Stage, str] = MappingProxyType(
    {
        Stage.PREPARED: "Tel que préparé, à signer",
        Stage.MEMBER_SIGNED: "Signé par le membre",
        Stage.SEALED: "Cosigné et scellé",
    }
)

CORRECTED_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "name": "nom",
        "siret": "SIRET",
        "category": "catégorie",
        "population": "population",
        "contribution_eur": "montant",
        "territory": "SIRET de l’EPCI du territoire",
    }
)
"""Fields of a member that the journal tells in plain."""

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

EMPTY = "–"


def event_label(type_: str, kind: Kind) -> str:
    """Return the French words of an event, in the gender of the kind; its own name where there are none."""
    return EVENT_LABELS.get(type_, type_).replace("{e}", "e" if kind in FEMININE else "")


def corrections_of(event: Event) -> list[str]:
    """Say what a correction changed of what a member is: what it was, then what it is."""
    was, now = event.data.get("was"), event.data.get("is")
    if not isinstance(was, Mapping) or not isinstance(now, Mapping):
        return []
    return [
        f"{label}{NO_BREAK}: {_told(field, was[field])} devient {_told(field, now[field])}"
        for field, label in CORRECTED_LABELS.items()
        if field in was
    ]


def _told(field: str, value: Json) -> str:
    text = EMPTY if value is None else CATEGORY_LABELS[Category(str(value))] if field == "category" else str(value)
    return f"«{NO_BREAK}{text}{NO_BREAK}»"


def link_state(link: Link, *, is_open: bool, is_in_doubt: bool) -> str:
    """Say whether a link may be used, or why not."""
    if link.closed_as is not None:
        return CLOSURE_LABELS[link.closed_as]
    if not is_open:
        return "expiré"
    return "en lecture seule, « Ce n’est pas moi » attend un agent" if is_in_doubt else "utilisable"


def why(code: str | None) -> str:
    """Return the sentence of a failure's code; an empty text when there is none."""
    return lay_spaces(sentence_of(code)) if code else ""
