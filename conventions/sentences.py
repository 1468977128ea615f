"""French words for statuses, kinds, categories and errors: what people read, in one place.

``SENTENCES`` maps each stable error code to a sentence that says what happened and what to do; its fields are filled from
the error's ``details``. A test checks that every code raised anywhere has its sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from conventions.errors import ContreseingError
from conventions.kinds import Kind
from conventions.outgoing import Template
from conventions.powers import ActType
from conventions.scale import Category
from conventions.status import Status

STATUS_LABELS: Mapping[Status, str] = MappingProxyType(
    {
        Status.DRAFTED: "Préparée",
        Status.AWAITING_DATA: "En attente d'informations",
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

KIND_LABELS: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.CONVENTION: "Convention",
        Kind.CHARTER: "Charte d'utilisation",
        Kind.ORDER_FORM: "Bon de commande",
        Kind.AMENDMENT: "Avenant",
        Kind.TERMINATION_NOTICE: "Avis de résiliation",
        Kind.ACKNOWLEDGEMENT: "Accusé de réception",
    }
)

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
        ActType.CCAS_BOARD: "délibération du conseil d'administration",
        ActType.ORDER: "arrêté",
    }
)

TEMPLATE_LABELS: Mapping[Template, str] = MappingProxyType(
    {
        Template.INVITATION: "Invitation à signer",
        Template.DATA_REQUEST: "Demande d'informations",
        Template.CODE: "Code de signature",
        Template.MEMBER_RECEIPT: "Exemplaire signé par le membre",
        Template.COSIGNED_COPY: "Exemplaire cosigné",
        Template.SECOND_ADDRESS_NOTICE: "Avis à la seconde adresse",
        Template.RETURNED: "Renvoi au membre",
        Template.DECLINED: "Refus de signer",
        Template.ORDER: "Ordre d'activation",
    }
)

FIELD_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "act": "L'acte qui autorise la signature (délibération ou décision), avec ses dates",
        "referent": "Le référent de votre établissement et ses coordonnées",
    }
)

LEVEL_SENTENCE = "signature électronique simple, horodatée"

SENTENCES: Mapping[str, str] = MappingProxyType(
    {
        # when nothing more precise is known
        "internal": "Une erreur inattendue s'est produite. Rien n'a été modifié. Réessayez, puis appelez-nous si cela persiste.",
        "rule.refused": "Cette action n'est pas possible dans l'état actuel du dossier.",
        "rule.already_recorded": "C'est déjà fait.",
        "not_found": "Cet élément n'existe pas.",
        "input.refused": "Ce qui a été envoyé ne peut pas être lu. Rien n'a été enregistré.",
        "signing.failed": "La signature n'a pas pu être faite. Rien n'a été émis. Réessayez dans quelques minutes.",
        "verification.failed": "Le fichier signé n'est pas celui attendu. Il a été mis de côté et rien n'a été archivé.",
        "evidence.broken": "Ce qui est conservé ne correspond pas à ce qui a été enregistré. Le dossier est mis de côté.",
        "upstream.unavailable": "Un service dont nous dépendons ne répond pas. Rien n'est perdu : réessayez dans quelques minutes.",
        "upstream.busy": "Cette opération est déjà en cours. Patientez quelques instants, puis actualisez la page.",
        "configuration.refused": "Le réglage de l'application est incorrect.",
        # links, visits, codes
        "link.refused": "Ce lien n'est pas ou n'est plus valable. Demandez-en un nouveau à votre interlocuteur.",
        "link.visit_ended": "Votre visite est terminée. Rouvrez le lien reçu par courriel : rien n'est perdu.",
        "link.locked": "Cinq codes erronés ont été saisis : ce lien est bloqué. Appelez-nous pour en recevoir un nouveau.",
        "code.malformed": "Le code comporte six chiffres. Vérifiez votre saisie : cet essai n'est pas compté.",
        "code.wrong": "Ce code n'est pas le bon. Il vous reste {tries_left} essai(s).",
        "code.expired": "Ce code n'est plus valable. Demandez-en un nouveau : rien n'est perdu.",
        "code.too_many": "Cinq codes ont déjà été demandés depuis une heure. Attendez un peu avant d'en demander un autre.",
        "consent.missing": "Cochez la case pour indiquer que vous acceptez la convention et ses annexes.",
        "reading.unfinished": "Il reste {left} partie(s) de la convention à parcourir avant de signer.",
        "document.changed": "Le document a changé depuis que vous l'avez lu. Relisez-le avant de signer.",
        "document.no_part": "Cette partie du document n'existe pas.",
        "document.no_page": "Cette page du document n'existe pas.",
        "document.not_found": "Ce fichier n'appartient pas à ce dossier.",
        "text.empty": "Écrivez quelques mots avant d'envoyer.",
        "text.too_long": "Ce texte est trop long : {most} caractères au plus.",
        "form.refused": "{count} renseignement(s) à corriger.",
        # power, programme, delegation
        "programme.closed": "Le programme {programme} est terminé : aucune convention ne peut plus y être signée.",
        "power.missing": "L'acte qui autorise la signature n'a pas été fourni.",
        "power.after_signature": "L'acte qui autorise la signature est daté d'un jour postérieur à la signature.",
        "power.not_executory": "L'acte qui autorise la signature n'est pas encore exécutoire (transmission et publication).",
        "delegation.not_covering": "Aucune délégation en vigueur ne couvre ce document : la contresignature n'est pas possible.",
        "delegation.none": "Ce compte n'a pas de délégation de signature.",
        "signers.same_person": "La même personne signerait pour les deux parties : désignez un autre signataire.",
        "kind.not_for_category": "Ce type de document ne concerne pas cette catégorie de membre.",
        "campaign.taken": "Une autre campagne porte déjà cet identifiant.",
        "campaign.deadline": "La date limite doit être à venir et précéder la fin du programme.",
        # import
        "import.refused": "Le fichier comporte {count} erreur(s) : rien n'a été importé.",
        "import.too_large": "Le fichier est trop volumineux : rien n'a été importé.",
        "siret.invalid": "Ce numéro SIRET n'existe pas.",
        "siret.check_digit": "Ce numéro SIRET n'existe pas.",
        "siren.invalid": "Ce numéro SIREN n'existe pas.",
        "scale.no_tier": "Le barème ne prévoit rien pour ce membre.",
        # agreements
        "agreement.fact_missing": "Ce dossier n'en est pas encore à cette étape.",
        "agreement.artefact_missing": "Le fichier de cette étape n'existe pas encore.",
        "agreement.not_returned": "Ce dossier n'a pas été renvoyé.",
        "agreement.not_awaiting_member": "Ce dossier n'attend pas la signature du membre.",
        "agreement.not_awaiting_countersignature": "Ce dossier n'attend pas de contresignature.",
        "agreement.decided": "La décision est déjà prise pour ce document.",
        "question.asked": "Le signataire pose une question : rappelez-le.",
        # office and desk
        "sign_in.refused": "Identifiant, mot de passe ou code incorrect.",
        "sign_in.paused": "Trop d'essais infructueux : réessayez dans un quart d'heure.",
        "session.ended": "Votre session est terminée. Identifiez-vous de nouveau.",
        "role.refused": "Votre compte ne permet pas cette action.",
        "totp.refused": "Ce code n'est pas valable ou a déjà servi. Attendez le code suivant de votre application.",
        "ceremony.empty": "Choisissez au moins un document.",
        "ceremony.expired": "L'autorisation a expiré : ce qui reste est revenu dans le parapheur.",
        "ceremony.not_listed": "Ce document ne figure pas dans la liste autorisée.",
        "desk.unopened": "Le document {reference} doit être ouvert et marqué prêt avant de signer.",
        "desk.aside": "Le document {reference} a été laissé de côté.",
        "outgoing.not_dead": "Cet envoi n'est pas en échec.",
        "order.refused": "Le service a refusé l'ordre d'activation.",
        # evidence
        "evidence.archived_differs": "Le fichier archivé n'est pas celui qui a été enregistré. Le dossier est mis de côté.",
        "evidence.not_validated": "Le fichier archivé n'a pas été validé. Le dossier est mis de côté.",
        "evidence.data_differs": "Les données contenues dans le fichier ne sont pas celles préparées. Le dossier est mis de côté.",
        "evidence.order_unknown": "Cet ordre d'activation ne vient pas du fichier signé.",
        "evidence.digest": "L'empreinte d'un fichier conservé ne correspond plus. Le dossier est mis de côté.",
    }
)


def sentence(error: ContreseingError) -> str:
    """Return the French sentence of an error, its fields filled; falls back on the sentence of its class."""
    return sentence_of(error.code, error.default_code, error.details)


def sentence_of(code: str, fallback: str = "internal", details: Mapping[str, str | int] = MappingProxyType({})) -> str:
    """Return the French sentence of a code; where a detail is lacking, the sentence of the fallback."""
    template = SENTENCES.get(code, SENTENCES[fallback])
    try:
        return template.format_map(details)
    except KeyError:
        return SENTENCES[fallback]
