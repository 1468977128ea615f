"""Words of what holds agreements back, of what people told, and of how visits were classified."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from conventions.attentions import AttentionKind
from conventions.links import VisitorKind
from conventions.people import Person
from conventions.standing import Hindrance, Standing, Turn, Why
from conventions.visitors import Sign
from portal.office.words import EMPTY, why

WHY_LABELS: Mapping[Why, str] = MappingProxyType(
    {
        Why.QUARANTINED: "En quarantaine : une personne doit décider",
        Why.NOT_ME: "« Ce n’est pas moi » : le lien est parvenu à quelqu’un d’autre",
        Why.QUESTION: "Une question attend une réponse",
        Why.PROBLEM: "Un problème signalé attend une réponse",
        Why.CERTIFICATE: "Un fichier signé avec un certificat sans SIREN est à confirmer",
        Why.FAILED: "Une étape a échoué",
        Why.DEAD_LETTER: "Un envoi a été abandonné",
        Why.LINK_LOCKED: "Lien bloqué après 5 codes inexacts",
        Why.RETURNED: "Dossier renvoyé, à corriger",
        Why.STANDS_STILL: "Rien n’a avancé depuis plus d’une heure",
        Why.LINK_EXPIRED: "Lien expiré",
        Why.NOT_SENT: "Le courriel n’est pas encore parti",
        Why.NEVER_OPENED: "Lien jamais ouvert",
        Why.CODE_EXPIRED: "Code expiré sans avoir servi",
        Why.SIGNATURE_PENDING: "Accord donné, signature en cours",
    }
)

TURN_LABELS: Mapping[Turn, str] = MappingProxyType(
    {
        Turn.SIGNATORY: "La personne qui contresigne",
        Turn.AGENTS: "Nos agents",
        Turn.SYSTEM: "Traitement automatique",
        Turn.NOBODY: EMPTY,
    }
)

TOLD_LABELS: Mapping[AttentionKind, str] = MappingProxyType(
    {
        AttentionKind.NOT_ME: "« Ce n’est pas moi »",
        AttentionKind.QUESTION: "Question, ou erreur signalée",
        AttentionKind.PROBLEM: "Problème signalé après la signature",
        AttentionKind.CERTIFICATE: "Fichier signé avec un certificat sans SIREN",
        AttentionKind.NOTE: "Note",
    }
)

WAITING_LABELS: Mapping[AttentionKind, tuple[str, str]] = MappingProxyType(
    {
        AttentionKind.NOT_ME: ("« Ce n’est pas moi »", "« Ce n’est pas moi »"),
        AttentionKind.QUESTION: ("question", "questions"),
        AttentionKind.PROBLEM: ("problème signalé", "problèmes signalés"),
        AttentionKind.CERTIFICATE: ("certificat à confirmer", "certificats à confirmer"),
    }
)
"""One, and several."""

VISITOR_LABELS: Mapping[VisitorKind, str] = MappingProxyType(
    {VisitorKind.PERSON: "sans doute une personne", VisitorKind.MACHINE: "sans doute une machine"}
)

SIGN_LABELS: Mapping[Sign, str] = MappingProxyType(
    {
        Sign.NO_USER_AGENT: "aucun nom de navigateur",
        Sign.MAIL_SCANNER: "nom d’un outil qui analyse les courriels",
        Sign.PROGRAM: "nom d’un programme",
        Sign.PREFETCH: "page demandée d’avance",
        Sign.NO_LANGUAGE: "aucune langue annoncée",
        Sign.NO_FETCH_METADATA: "aucun des en-têtes de navigation (Sec-Fetch)",
        Sign.AT_ONCE: "réponse en moins d’une seconde",
        Sign.LANGUAGE: "langue annoncée",
        Sign.FETCH_METADATA: "en-têtes de navigation présents",
        Sign.UNHURRIED: "réponse après une seconde ou plus",
    }
)
BEFORE_SIGNS = "signes non relevés à l’époque"


def turn_of(standing: Standing, person: Person) -> str:
    """Say who must act for the agreement to move; a dash when nobody must."""
    return person.addressed if standing.turn is Turn.MEMBER else TURN_LABELS[standing.turn]


def why_of(hindrance: Hindrance) -> str:
    """Say what holds the agreement back, and the error that says more."""
    label = WHY_LABELS[hindrance.why]
    return f"{label}\u00a0: {why(hindrance.code)}" if hindrance.code else label


def signs_of(because: str) -> str:
    """Say by which signs a visit was classified; before signs were observed, nothing was."""
    known = [SIGN_LABELS[Sign(name)] for name in because.split(",") if name in set(Sign)]
    return ", ".join(known) or BEFORE_SIGNS
