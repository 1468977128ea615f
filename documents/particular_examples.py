"""Fictitious particulars of each kind other than the convention, to try its wording with."""

from __future__ import annotations

from datetime import date

from conventions.canonical import sha256_hex
from conventions.kinds import Kind
from conventions.particulars import (
    Acknowledgement,
    Amendment,
    Change,
    Charter,
    Order,
    OrderLine,
    Particulars,
    SignedAgreement,
    Termination,
    notice_dates,
)

YEAR = 2026
_TERM = date(YEAR + 4, 12, 31)
_IN_SERVICE_ON = date(YEAR, 2, 2)
_RECEIVED_ON = date(YEAR, 9, 14)
_PARENT = SignedAgreement(
    kind=Kind.CONVENTION,
    reference=f"{YEAR}-0001",
    title=f"Convention Syndicat fictif n° {YEAR}-0001",
    member="Communauté de communes fictive",
    sha256=sha256_hex(b"parent"),
    effective_on=date(YEAR, 1, 9),
)
_NOTICE = SignedAgreement(
    kind=Kind.TERMINATION_NOTICE,
    reference=f"{YEAR}-0002",
    title=f"Avis de résiliation Syndicat fictif n° {YEAR}-0002",
    member=_PARENT.member,
    sha256=sha256_hex(b"notice"),
    effective_on=_RECEIVED_ON,
)
_LINES = (
    OrderLine("visio", "Conciergerie de visioconférence, réunion préparée et assistée", "réunions", 4, 12_000),
    OrderLine("certificat", "Certificat électronique de signature, validité de trois ans", "certificats", 2, 9_450),
    OrderLine("fichiers", "Espace d’échange de fichiers supplémentaire, par an", "Go", 50, 120),
    OrderLine("ged", "Licence supplémentaire de l’espace de gestion documentaire, par an", "licences", 10, 4_800),
)
_CHANGES = (
    Change("Contribution annuelle (article\u00a01.3)", "8 000,00 € hors taxes par année civile", "13 000,00 € hors taxes par année civile"),
    Change(
        "Siège de l’établissement",
        "1 rue de l’Ancienne-Mairie, 00000 Ville-Fictive",
        "2 rue de l’Exemple, 00000 Ville-Fictive, à compter de la fusion prononcée par arrêté préfectoral fictif",
    ),
)


def fictitious_particulars(kind: Kind) -> Particulars | None:
    """Return what a kind says of its own, plainly fictitious; None for a convention."""
    dates = notice_dates(_RECEIVED_ON, _IN_SERVICE_ON, _TERM)
    match kind:
        case Kind.CONVENTION:
            return None
        case Kind.CHARTER:
            return Charter(_PARENT)
        case Kind.ORDER_FORM:
            return Order(_PARENT, _LINES, "Régime de TVA : mention fictive, à fixer par le comptable du syndicat.")
        case Kind.AMENDMENT:
            return Amendment(_PARENT, 1, _CHANGES, date(YEAR + 1, 1, 1))
        case Kind.TERMINATION_NOTICE:
            return Termination(_PARENT, (), _IN_SERVICE_ON, dates)
        case Kind.ACKNOWLEDGEMENT:
            territory = ("Commune fictive de Port-Fictif", "Commune fictive de Ville-Fictive", "CCAS fictif de Ville-Fictive")
            return Acknowledgement(_PARENT, _NOTICE, (), _IN_SERVICE_ON, dates, territory)
