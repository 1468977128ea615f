"""What each event of the journal is called in an evidence file: what was recorded, never what a person had in mind.

A page that was served is not a page that was read, an opened link is not its addressee: the sentences say the first of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from conventions.kinds import Party
from conventions.signatures import Indication, PadesLevel

EVENT_SENTENCES: Mapping[str, str] = MappingProxyType(
    {
        # the life of the agreement, fact by fact
        "agreement.drafted": "Dossier ouvert pour ce membre.",
        "agreement.data_requested": "Informations manquantes demandées à l'établissement.",
        "agreement.data_completed": "Informations complétées par l'établissement.",
        "agreement.prepared": "Document composé ; ses octets ont été conservés sous leur empreinte.",
        "agreement.invited": "Lien personnel de signature créé pour l'adresse électronique enregistrée.",
        "agreement.consented": "Case d'acceptation cochée et code exact saisi : accord enregistré avant la signature.",
        "agreement.member_signed": "Signature du membre apposée sur le fichier préparé, puis horodatée.",
        "agreement.trail_kept": "Courriels, ordres et relevé des faits placés sous verrou dans l'archive.",
        "agreement.member_file_kept": "Fichier signé par le membre placé sous verrou dans l'archive.",
        "agreement.authorised": "Contresignature autorisée au parapheur, avec un second facteur d'identification.",
        "agreement.countersigned": "Contresignature apposée et horodatée.",
        "agreement.validated": "Signatures et horodatages vérifiés par un lecteur.",
        "agreement.archived": "Fichier scellé placé sous verrou dans l'archive.",
        "agreement.restamped": "Nouvel horodatage d'archivage apposé, avant que le précédent ne vieillisse.",
        "agreement.ordered": "Ouverture des services demandée d'après les données du fichier signé.",
        "agreement.order_settled": "Réponse reçue à une demande d'ouverture de service.",
        "agreement.notified": "Exemplaire complet remis à l'établissement par courrier électronique.",
        "agreement.returned": "Document renvoyé à l'établissement, avec un motif.",
        "agreement.declined": "Refus de signer enregistré.",
        "agreement.cancelled": "Dossier annulé.",
        "agreement.deadline_set": "Date limite de signature fixée pour ce dossier par une personne habilitée.",
        "agreement.superseded": "Document remplacé par un autre.",
        "agreement.amended": "Document modifié par un avenant complet.",
        "agreement.terminated": "Dernier jour fixé par un accusé de réception de résiliation.",
        "agreement.quarantined": "Dossier mis en quarantaine : une différence a été constatée.",
        "agreement.released": "Quarantaine levée par une personne, avec un motif.",
        "agreement.countersign_failed": "Contresignature tentée sans succès ; rien n'a été émis.",
        # what the signer's site served and received
        "link.opened": "Lien ouvert, et identité confirmée par un clic sur « Oui, continuer ».",
        "link.reissued": "Lien remplacé par une personne habilitée ; le précédent ne sert plus.",
        "link.identity_refused": "Lien ouvert, puis « Ce n'est pas moi » choisi.",
        "link.locked": "Lien bloqué après cinq codes erronés.",
        "document.part_turned": "Partie du document servie à l'écran.",
        "document.downloaded": "Fichier PDF téléchargé depuis le lien.",
        "code.requested": "Code à usage unique demandé pour l'adresse électronique enregistrée.",
        "code.wrong": "Code erroné saisi.",
        "upload.refused": "Fichier signé ailleurs déposé, et refusé.",
        "agreement.upload_held": "Fichier signé ailleurs déposé ; son certificat n'indique pas de SIREN : un agent doit le confirmer.",
        "agreement.upload_settled": "Fichier signé ailleurs : certificat confirmé ou refusé par une personne habilitée.",
        "certificate.told": "Certificat sans SIREN signalé aux personnes habilitées.",
        "question.asked": "Question posée ou erreur signalée depuis le lien.",
        "attention.handled": "Question, problème ou « Ce n'est pas moi » : dit traité par une personne habilitée.",
        "note.written": "Note interne écrite par une personne habilitée.",
        # the desk, the office, what leaves
        "desk.shown": "Document ouvert au parapheur.",
        "desk.reviewed": "Document examiné au parapheur.",
        "desk.model_read": "Modèle des documents lu au parapheur, dit par la personne qui signe.",
        "ceremony.authorised": "Liste de documents autorisée au parapheur, avec un second facteur d'identification.",
        "ceremony.report_read": "Rapport d'une séance de signature téléchargé au parapheur.",
        "ceremony.list_read": "Liste scellée téléchargée au parapheur.",
        "ceremony.refused": "Autorisation refusée au parapheur : second facteur inexact.",
        "file.page_seen": "Page du document vue au parapheur.",
        "file.downloaded": "Fichier téléchargé au parapheur.",
        "file.read": "Fichier du dossier consulté par une personne habilitée.",
        "mail.sent": "Courrier électronique remis au serveur de messagerie.",
        "outgoing.dead": "Envoi abandonné après plusieurs essais ; une personne a été avertie.",
        "outgoing.replayed": "Envoi repris à la demande d'une personne habilitée.",
    }
)
UNNAMED_EVENT = "Événement inscrit au journal sous le nom « {type} »."
"""For a type without a sentence: its name as recorded, and no interpretation."""

PARTY_LABELS: Mapping[Party, str] = MappingProxyType({Party.MEMBER: "pour l’établissement", Party.SYNDICATE: "pour le syndicat"})
INDICATION_LABELS: Mapping[Indication, str] = MappingProxyType(
    {
        Indication.TOTAL_PASSED: "valable",
        Indication.TOTAL_FAILED: "non valable",
        Indication.INDETERMINATE: "indéterminée",
    }
)
LEVEL_LABELS: Mapping[PadesLevel, str] = MappingProxyType(
    {
        PadesLevel.B_B: "signature seule (PAdES B-B)",
        PadesLevel.B_T: "signature horodatée (PAdES B-T)",
        PadesLevel.B_LT: "signature horodatée, avec les éléments de sa vérification (PAdES B-LT)",
        PadesLevel.B_LTA: "signature horodatée, avec les éléments de sa vérification, sous horodatage d’archivage (PAdES B-LTA)",
    }
)


def sentence_of_event(type_: str) -> str:
    """Return what an event of that type is called."""
    return EVENT_SENTENCES.get(type_, UNNAMED_EVENT.format(type=type_))
