"""French words for statuses, kinds, categories and errors: what people read, in one place.

The sentences of error codes stand in ``conventions.error_sentences``; ``sentence`` fills one from an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from conventions.attentions import AttentionKind
from conventions.error_sentences import SENTENCES
from conventions.errors import ContreseingError
from conventions.french import NO_BREAK, counted
from conventions.kinds import FEMININE, TITLES, Kind
from conventions.outgoing import Template
from conventions.powers import ActType
from conventions.scale import Category
from conventions.status import Status

STATUS_LABELS: Mapping[Status, str] = MappingProxyType(
    {
        Status.DRAFTED: "Préparée",
        Status.AWAITING_DATA: "En attente d’informations",
        Status.AWAITING_MEMBER: "À signer par le membre",
        Status.AWAITING_COUNTERSIGNATURE: "À contresigner",
        Status.SEALING: "En cours de scellement",
        Status.ARCHIVED: "Archivée",
        Status.ACTIVE: "Active",
        Status.RETURNED: "Renvoyée",
        Status.DECLINED: "Refusée",
        Status.EXPIRED: "Expirée",
        Status.CANCELLED: "Annulée",
        Status.SUPERSEDED: "Remplacée",
        Status.TERMINATED: "Résiliée",
        Status.ENDED: "Échue",
        Status.QUARANTINED: "En quarantaine",
    }
)

_MASCULINE_LABELS: Mapping[Status, str] = MappingProxyType(
    {
        Status.DRAFTED: "Préparé",
        Status.ARCHIVED: "Archivé",
        Status.ACTIVE: "Actif",
        Status.RETURNED: "Renvoyé",
        Status.DECLINED: "Refusé",
        Status.EXPIRED: "Expiré",
        Status.CANCELLED: "Annulé",
        Status.SUPERSEDED: "Remplacé",
        Status.TERMINATED: "Résilié",
        Status.ENDED: "Échu",
    }
)

KIND_LABELS: Mapping[Kind, str] = TITLES

CATEGORY_LABELS: Mapping[Category, str] = MappingProxyType(
    {
        Category.REGION: "Région",
        Category.DEPARTMENT: "Département",
        Category.EPCI: "EPCI",
        Category.COMMUNE: "Commune",
        Category.CCAS: "CCAS",
        Category.CIAS: "CIAS",
    }
)

ACT_LABELS: Mapping[ActType, str] = MappingProxyType(
    {
        ActType.DELIBERATION: "délibération",
        ActType.DECISION_BY_DELEGATION: "décision prise par délégation",
        ActType.BUREAU_DECISION: "décision du bureau",
        ActType.STANDING_COMMISSION: "décision de la commission permanente",
        ActType.CCAS_BOARD: "délibération du conseil d’administration",
        ActType.ORDER: "arrêté",
    }
)

TEMPLATE_LABELS: Mapping[Template, str] = MappingProxyType(
    {
        Template.INVITATION: "Invitation à signer",
        Template.DATA_REQUEST: "Demande d’informations",
        Template.CODE: "Code de signature",
        Template.MEMBER_RECEIPT: "Exemplaire signé par le membre",
        Template.COSIGNED_COPY: "Exemplaire cosigné",
        Template.SECOND_ADDRESS_NOTICE: "Avis à la seconde adresse",
        Template.RETURNED: "Renvoi au membre",
        Template.DECLINED: "Refus de signer",
        Template.CANCELLED: "Annulation",
        Template.ARCHIVE_ALERT: "Alerte de l’archive",
        Template.LISTS_ALERT: "Alerte des listes de confiance",
        Template.JOURNAL_ALERT: "Alerte du journal",
        Template.ATTENTION: "Avis aux agents",
        Template.UPLOAD_REFUSED: "Fichier signé ailleurs, refusé",
        Template.ORDER: "Ordre d’activation",
    }
)

ATTENTION_SENTENCES: Mapping[AttentionKind, str] = MappingProxyType(
    {
        AttentionKind.NOT_ME: "«\u00a0Ce n’est pas moi\u00a0»\u00a0: le lien est parvenu à quelqu’un d’autre",
        AttentionKind.QUESTION: "Question ou erreur signalée avant la signature",
        AttentionKind.PROBLEM: "Problème signalé après la signature",
        AttentionKind.CERTIFICATE: "Fichier signé avec un certificat sans SIREN : à confirmer ou à refuser",
        AttentionKind.NOTE: "Note d’un agent",
    }
)

FIELD_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "act": "L’acte qui autorise la signature (délibération ou décision), avec ses dates",
        "act_dates": "Les dates de transmission et de publication de l’acte qui autorise la signature",
        "referent": "Le référent de votre établissement et ses coordonnées",
    }
)

LEVEL_SENTENCE = "signature électronique simple, horodatée"


class _Count(int):
    """A number that writes its noun, when a sentence gives one: ``{count:erreur|erreurs}``."""

    def __format__(self, spec: str) -> str:
        one, separator, many = spec.partition("|")
        return counted(self, one, many) if separator else super().__format__(spec)


class _Untold:
    """A detail that only the moment knew: an ellipsis, with its noun if the sentence gives one."""

    def __format__(self, spec: str) -> str:
        many = spec.partition("|")[2]
        return f"…{NO_BREAK}{many}" if many else "…"


class _NothingTold(dict[str, _Untold]):
    def __missing__(self, key: str) -> _Untold:
        return _Untold()


def status_label(status: Status, kind: Kind) -> str:
    """Return the French word of an agreement's status, in the gender of its kind; ``STATUS_LABELS`` are for conventions, or for any."""
    return STATUS_LABELS[status] if kind in FEMININE else dossier_status(status)


def dossier_status(status: Status) -> str:
    """Return the French word of a status as said of a « dossier », of whatever kind."""
    return _MASCULINE_LABELS.get(status, STATUS_LABELS[status])


def sentence(error: ContreseingError) -> str:
    """Return the French sentence of an error, its fields filled; falls back on the sentence of its class."""
    return sentence_of(error.code, error.default_code, error.details)


def sentence_of(code: str, fallback: str = "internal", details: Mapping[str, str | int] = MappingProxyType({})) -> str:
    """Return the French sentence of a code; where a detail is lacking, the sentence of the fallback, or an ellipsis without one."""
    template = SENTENCES.get(code, SENTENCES[fallback])
    try:
        return template.format_map({name: _Count(value) if isinstance(value, int) else value for name, value in details.items()})
    except KeyError:
        return SENTENCES[fallback] if fallback != "internal" else general_sentence(code)


def left_out_sentence(count: int) -> str:
    """Say how many members a campaign leaves out, and why."""
    told = counted(count, "membre laissé de côté", "membres laissés de côté")
    why = "il a" if count == 1 else "ils ont"
    return f"{told}{NO_BREAK}: {why} déjà un document de même nature dans ce programme, par une autre campagne."


def general_sentence(code: str) -> str:
    """Return the French sentence of a code by itself, its details left as ellipses; an unknown code is told as it is."""
    return SENTENCES.get(code, f"cause {code}.").format_map(_NothingTold())
