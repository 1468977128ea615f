"""What is asked for to propose each kind of document, and what may be proposed about an agreement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from conventions.dependence import PARENTS_OF
from conventions.kinds import FILE_NAMES, Kind
from conventions.proposal_form import PROPOSED
from conventions.status import Status
from conventions.views import AgreementView
from portal.signers.information import Question

NATURES: Mapping[str, Kind] = {FILE_NAMES[kind]: kind for kind in PROPOSED}
"""What ends the address of each form."""

DEADLINE_QUESTION = Question(
    "Dernier jour pour signer", "Le lien de signature cesse de servir à la fin de ce jour, heure de Paris.", "date"
)


@dataclass(frozen=True)
class KindForm:
    """The form of one kind: its title, what each row is called, the questions of a row and those that follow."""

    title: str
    row: str = ""
    another_row: str = ""
    row_questions: Mapping[str, Question] | None = None
    questions: Mapping[str, Question] | None = None


FORMS: Mapping[Kind, KindForm] = {
    Kind.ORDER_FORM: KindForm(
        "Proposer un bon de commande",
        "Ligne",
        "Ajouter une ligne",
        {
            "code": Question(
                "Code du service", "Ce que l’ordre envoyé au service nommera : minuscules, chiffres et tirets. Par exemple : ged-licences."
            ),
            "name": Question("Désignation", "Par exemple : licence supplémentaire de l’espace de gestion documentaire, par an."),
            "unit": Question("Unité", "Par exemple : licences, Go."),
            "quantity": Question("Quantité"),
            "unit-price": Question("Prix unitaire, en euros hors taxes", "Par exemple : 48,00."),
        },
        {"tax-statement": Question("Mention sur la TVA", "La phrase que le comptable a fixée. Elle est imprimée sous le total.")},
    ),
    Kind.AMENDMENT: KindForm(
        "Proposer un avenant",
        "Changement",
        "Ajouter un changement",
        {
            "subject": Question("Objet", "Par exemple : siège de l’établissement."),
            "before": Question("Ce que le document dit aujourd’hui", form="area"),
            "after": Question("Ce qu’il dira désormais", form="area"),
        },
        {"effective-on": Question("Date d’effet", "Le jour à partir duquel les changements valent.", "date")},
    ),
    Kind.TERMINATION_NOTICE: KindForm("Préparer un avis de résiliation"),
}


def proposable(view: AgreementView) -> Sequence[tuple[str, str]]:
    """List what may be proposed about an agreement, as ends of addresses and titles; the step decides again."""
    if view.status is not Status.ACTIVE:
        return ()
    return [(nature, FORMS[kind].title) for nature, kind in NATURES.items() if view.agreement.kind in PARENTS_OF[kind]]
