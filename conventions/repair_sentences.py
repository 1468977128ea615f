"""Why an agent's repair of an agreement, or of a member's record, is refused: one French sentence a code."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

REPAIR_SENTENCES: Mapping[str, str] = MappingProxyType(
    {
        "agreement.not_returned": "Ce dossier n’est ni renvoyé, ni refusé, ni expiré : rien n’est à reprendre.",
        "agreement.not_cancellable": "Ce dossier ne peut plus être annulé : il est clos, ou sa dernière signature est donnée ou autorisée.",
        "agreement.cancelled": "Ce dossier est annulé : plus rien ne peut y être signé.",
        "agreement.deadline_past": "La date limite de ce dossier est passée : donnez-lui d’abord une nouvelle date limite.",
        "agreement.deadline_earlier": "La date limite actuelle est plus tardive : choisissez un jour qui vient après elle.",
        "correction.in_force": "L’acte {reference}, en vigueur, dit autre chose : proposez un avenant qui écrit la nouvelle valeur,"
        " puis corrigez une fois qu’il a pris effet.",
        "correction.charter": "La charte {reference}, en vigueur, dit autre chose et ne se modifie pas par avenant : elle prend fin par un"
        " avis de résiliation, puis une nouvelle charte est signée.",
        "correction.depends": "L’acte {reference} n’est pas de ceux que signerait cet établissement : annulez-le, ou attendez sa fin"
        " s’il est en vigueur.",
        "correction.signed": "L’acte {reference} porte déjà l’accord du membre : faites-le renvoyer, ou attendez son archivage.",
        "power.executory": "L’acte qui autorise la signature est déjà exécutoire : il n’y a rien à lever.",
        "form.day": "Écrivez le dernier jour pour signer.",
        "agreement.not_awaiting_member": "Ce dossier n’attend pas la signature du membre.",
        "draft.kept_out": "Ce membre a déjà un document de même nature dans ce programme, le n° {other} : il est laissé de côté.",
        "agreement.decided": "La décision est déjà prise pour ce document.",
    }
)
