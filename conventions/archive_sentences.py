"""French sentences of what is kept, copied, transferred and made again, by their code."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

ARCHIVE_SENTENCES: Mapping[str, str] = MappingProxyType(
    {
        "archive.not_copied": "Un fichier manque à l’un des deux dépôts. Lancez « contreseing archive repair », puis recommencez.",
        "archive.one_store": "Il n’y a qu’un dépôt d’archive : aucun autre où prendre ce qui manquerait.",
        "archive.not_repaired": "{count} fichiers n’ont pu être recopiés : aucun dépôt ne les rend tels qu’ils ont été écrits.",
        "archive.not_held": "Le dossier {reference} n’est pas gelé : il n’y a rien à dégeler.",
        "archive.lock_mode": "Le mode de verrouillage de l’archive est inconnu.",
        "archive.other_bytes": "L’archive contient déjà d’autres octets à cet emplacement. Le dossier est mis de côté.",
        "archive.unlocked": "L’archive n’a pas verrouillé ce fichier.",
        "archived.altered": "Un fichier archivé a été modifié.",
        "archived.extra": "L’archive contient un fichier que personne n’y a mis.",
        "archived.extra_version": "Un fichier archivé a été recouvert par un autre.",
        "archived.hidden": "Un fichier archivé est caché par une marque de suppression.",
        "archived.index_broken": "Un sommaire du dossier archivé ne suit plus le précédent.",
        "archived.lock_shortened": "Le verrou d’un fichier archivé est plus court que prévu.",
        "archive.lock_shorter": "Les verrous du dossier {reference} durent déjà plus longtemps : ils ne sont jamais raccourcis.",
        "archived.never_written": "Un fichier du dossier a été perdu avant d’être mis sous verrou : la preuve est incomplète.",
        "archived.missing": "Un fichier archivé a disparu.",
        "archive.no_folder": "Rien n’est archivé sous la référence {reference}.",
        "archived.not_as_journalled": "Le registre ne dit plus du dossier archivé ce que dit le journal.",
        "transfer.no_service": "Aucun service d’archivage électronique n’est réglé (clés SAE_…, docs/settings.md).",
        "transfer.list": "Donnez de une à {most} références, chacune une fois.",
        "transfer.not_archived": "L’acte {reference} n’est pas archivé : il ne peut pas être versé.",
        "transfer.unreadable": "Ce fichier n’est pas une réponse lisible à un versement (SEDA 2.2).",
        "transfer.unknown": "Cette réponse ne porte sur aucun versement fait d’ici.",
        "transfer.other_agency": "Cette réponse vient de {agency}, qui n’est pas le service auquel le versement était destiné.",
        "archive.reason": "Donnez un motif d’au moins {least} caractères.",
        "archived.unlocked": "Un fichier archivé n’est plus verrouillé.",
        "archived.unreadable": "Le dépôt ne rend plus un fichier archivé.",
        "archived.lock_weakened": "Le verrou d’un fichier archivé est plus faible que prévu.",
        "archived.truncated": "Un fichier archivé est tronqué.",
        "archive.faults": "L’archive n’est pas telle qu’elle doit être : {count} anomalies.",
        "archive.strange_key": "L’archive contient un fichier que personne n’y a mis : {key}.",
        "backup.same": "La source et la cible partagent une base ou un seau : la copie n’irait nulle part.",
        "rebuild.incomplete": "Le registre reconstruit n’est pas en tout point celui d’avant : {count} anomalies.",
        "rebuild.no_actor": "Le membre, la campagne ou le programme de ce dossier n’est pas dans l’archive.",
        "rebuild.no_record": "Ce dossier de l’archive ne contient pas sa fiche.",
        "rebuild.not_empty": "Le registre à reconstruire n’est pas vide : donnez une base neuve.",
        "archive.unavailable": "L’archive ne répond pas. Rien n’est perdu : le travail reprendra.",
        "rebuild.earlier_record": "La dernière fiche de ce dossier est perdue : la précédente a servi.",
        "rebuild.no_file": "Le fichier signé par le membre n’est plus dans ce dossier de l’archive.",
        "archive.expired": "Le dernier horodatage du fichier n’est plus valable : son certificat est échu.",
        "archive.missing": "Le fichier ne se termine pas par un horodatage.",
        "archive.order": "Les horodatages du fichier ne se suivent pas dans le temps.",
    }
)
