"""One value for each key that a mail may need, and notices made of them."""

from __future__ import annotations

import dataclasses
from typing import Any

from conventions.outgoing import Template
from conventions.ports.delivery import Notice
from delivery.notices import VALUES_OF

VALUES = {
    "title": "Convention Ker Niverel n° 2026-0014",
    "greeting": "Madame la Présidente",
    "organisation": "Communauté de communes des Abers-Fictifs",
    "syndicate": "Syndicat mixte de démonstration Ker Niverel",
    "amount": "Contribution : 15 000,00 € par an, hors taxes",
    "deadline": "15 janvier 2027",
    "link": "http://127.0.0.1:8410/signer/0123456789abcdef0123456789abcdef.Xk3jv9dQ2mJ8aA0wLZl5u1B7yqv3T6o0nKcP4rHsEgY",
    "site": "127.0.0.1:8410",
    "telephone": "02 99 00 00 00",
    "missing": "Numéro SIRET\nActe qui habilite à signer\nRéférent",
    "code": "123 456",
    "minutes": "10",
    "signed_at": "23 novembre 2026 à 15:04:05 (heure de Paris)",
    "services": "Portail unique d’accès aux services\nTélétransmission des actes",
    "pending": "Archivage électronique à valeur probatoire : deux documents à envoyer",
    "effect_on": "23 novembre 2026",
    "signer": "Mme Maëlle Le Goff-Exemple",
    "checked_at": "24 novembre 2026 à 01:30:12 (heure de Paris)",
    "count": "2 anomalies",
    "reference": "2026-0015",
    "what": "Question ou erreur signalée avant la signature",
    "findings": "2026-0014 : fichier modifié, 0004-sealed\njournal/2026 : fichier absent (second dépôt), 0002-head",
    "office": "https://gestion.ker-niverel.invalid",
    "reason": "Le numéro de la délibération ne correspond pas.\nIl manque la date d’envoi en préfecture.",
}


def example_values(template: Template, **changes: str) -> dict[str, str]:
    """Return a template's exact values; keywords replace or add some."""
    return {key: VALUES[key] for key in sorted(VALUES_OF[template])} | changes


def example_notice(template: Template = Template.INVITATION, **changes: Any) -> Notice:  # noqa: ANN401 any field of Notice
    """Return a notice; keywords replace its fields."""
    notice = Notice("n-1", template, "maelle.legoff@abers-fictifs.invalid", example_values(template))
    return dataclasses.replace(notice, **changes)
