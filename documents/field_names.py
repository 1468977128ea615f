"""What each field, list and condition of a wording is called in French, for who reads the wording itself: the model."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

FIELD_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "agreement.prepared_on": "date d’établissement du document",
        "agreement.reference": "référence du document",
        "amendment.effective_on": "date d’effet de l’avenant",
        "amendment.number": "numéro de l’avenant",
        "billing.engagement_number": "numéro d’engagement",
        "billing.service_code": "code service",
        "delegation.act": "acte de délégation",
        "delegation.capacity": "qualité du signataire du syndicat",
        "delegation.formula": "formule de signature du syndicat",
        "delegation.holder": "signataire du syndicat",
        "member.capacity": "qualité du représentant",
        "member.category": "catégorie de l’établissement",
        "member.contribution": "montant annuel de la contribution",
        "member.name": "nom de l’établissement",
        "member.power": "acte habilitant le représentant",
        "member.representative": "représentant de l’établissement",
        "member.seat": "siège de l’établissement",
        "member.siret": "SIRET de l’établissement",
        "notice.due_until": "date jusqu’à laquelle la contribution est due",
        "notice.ends_on": "date de fin",
        "notice.in_service_on": "date de mise en service",
        "notice.received_by": "dernier jour pour recevoir l’avis",
        "notice.received_on": "date de réception de l’avis",
        "notice.services": "services résiliés",
        "notice.sha256": "empreinte de l’avis",
        "notice.starts_on": "début du préavis",
        "notice.title": "titre de l’avis",
        "order.tax_statement": "mention de taxe",
        "order.total": "total de la commande",
        "parent.effective_on": "date d’effet de l’acte d’origine",
        "parent.member": "établissement qui a signé l’acte d’origine",
        "parent.sha256": "empreinte de l’acte d’origine",
        "parent.title": "titre de l’acte d’origine",
        "programme.deliberation": "délibération qui adopte le programme",
        "programme.ends_on": "dernier jour du programme",
        "programme.name": "nom du programme",
        "programme.starts_on": "premier jour du programme",
        "recapitulation.count": "nombre de membres",
        "recapitulation.total": "total des contributions",
        "recapitulation.year": "année du récapitulatif",
        "referent.capacity": "fonction du référent",
        "referent.email": "adresse électronique du référent",
        "referent.name": "nom du référent",
        "referent.telephone": "téléphone du référent",
        "scale.deliberation": "délibération qui fixe le barème",
        "syndicate.data_protection_mail": "adresse du délégué à la protection des données",
        "syndicate.name": "nom du syndicat",
        "syndicate.president": "personne qui préside le syndicat",
        "syndicate.president_act": "acte qui habilite cette personne",
        "syndicate.president_capacity": "qualité de cette personne",
        "syndicate.seat": "siège du syndicat",
        "syndicate.short_name": "nom court du syndicat",
        "syndicate.siret": "SIRET du syndicat",
        "syndicate.telephone": "téléphone du syndicat",
        "syndicate.website": "site du syndicat",
        # within a list
        "line.after": "texte nouveau",
        "line.before": "texte ancien",
        "line.category": "catégorie",
        "line.contribution": "montant annuel",
        "line.member": "membre",
        "line.name": "nom",
        "line.population": "population",
        "line.quantity": "quantité",
        "line.quotas": "quantités et conditions",
        "line.subject": "objet",
        "line.total": "montant",
        "line.unit_price": "prix unitaire",
    }
)

LIST_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "changes": "une ligne par modification",
        "order": "une ligne par article commandé",
        "recapitulation": "une ligne par membre",
        "scale": "une ligne par tranche du barème",
        "services": "une ligne par service",
        "territory": "une ligne par organisme du territoire",
    }
)
"""What each line of a list stands for."""

CONDITION_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "demonstration": "si le document est une démonstration",
        "due_beyond": "si la contribution reste due après la fin",
        "epci": "si l’établissement est un EPCI",
        "retroactive_effect": "si le programme admet un effet rétroactif",
        "whole": "si tous les services sont résiliés",
    }
)
