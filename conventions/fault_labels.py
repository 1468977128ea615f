"""French words for what a check of the journal, of the archive or of its buckets finds, and for what becomes of what is kept."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from conventions.archive_faults import ArchiveFault
from conventions.journal.verification import Tampering
from conventions.ports.stores import BucketFault
from conventions.retention import FinalFate

TAMPERING_LABELS: Mapping[Tampering, str] = MappingProxyType(
    {
        Tampering.CHANGED: "événement modifié",
        Tampering.REMOVED: "événement supprimé",
        Tampering.INSERTED: "événement ajouté après coup",
        Tampering.MOVED: "événement déplacé",
        Tampering.COLUMNS_DIFFER: "type, date ou référence modifiés à côté de l’événement",
        Tampering.PERSONAL_FIELD_DIFFERS: "donnée personnelle modifiée à côté de l’événement",
        Tampering.NEVER_SEQUENCED: "événement laissé hors du journal",
        Tampering.HEAD_DIFFERS: "les événements ne mènent plus à l’empreinte horodatée à cette taille",
        Tampering.HEAD_UNREADABLE: "empreinte horodatée illisible dans l’archive",
        Tampering.HEAD_NOT_ARCHIVED: "empreinte horodatée absente de l’archive",
        Tampering.SEGMENT_LOST: "événements de cette empreinte absents de l’archive, ou altérés",
    }
)

FAULT_LABELS: Mapping[ArchiveFault, str] = MappingProxyType(
    {
        ArchiveFault.MISSING: "fichier absent",
        ArchiveFault.HIDDEN: "fichier caché par une marque de suppression",
        ArchiveFault.UNREADABLE: "fichier que le dépôt ne rend pas, alors qu’il en rend d’autres",
        ArchiveFault.ALTERED: "fichier modifié",
        ArchiveFault.TRUNCATED: "fichier tronqué",
        ArchiveFault.UNLOCKED: "fichier sans verrou",
        ArchiveFault.LOCK_SHORTENED: "verrou plus court que prévu",
        ArchiveFault.LOCK_WEAKENED: "verrou plus faible que prévu (GOVERNANCE au lieu de COMPLIANCE)",
        ArchiveFault.EXTRA: "fichier que personne n’a archivé",
        ArchiveFault.EXTRA_VERSION: "fichier recouvert par un autre",
        ArchiveFault.INDEX_BROKEN: "sommaire qui ne suit plus le précédent",
        ArchiveFault.NOT_AS_JOURNALLED: "registre qui ne dit plus ce que dit le journal",
        ArchiveFault.NOT_HELD: "fichier d’un dossier gelé qui ne l’est pas",
        ArchiveFault.NOT_COPIED: "absent de ce dépôt, intact dans l’autre (à recopier par « contreseing archive repair »)",
        ArchiveFault.NEVER_WRITTEN: "fichier perdu avant d’être mis sous verrou",
    }
)

FATE_LABELS: Mapping[FinalFate, str] = MappingProxyType(
    {FinalFate.KEEP: "conserver", FinalFate.SORT: "trier", FinalFate.DESTROY: "détruire"}
)

BUCKET_LABELS: Mapping[BucketFault, str] = MappingProxyType(
    {
        BucketFault.ABSENT: "il n’existe pas",
        BucketFault.NO_VERSIONS: "il ne garde pas les versions",
        BucketFault.NO_LOCK: "il a été créé sans verrouillage d’objets",
        BucketFault.PUBLIC: "sa politique l’ouvre à tout le monde",
        BucketFault.OTHER_ENCRYPTION: "son chiffrement n’est pas celui de S3_ENCRYPTION",
    }
)
"""What is said after the name of a bucket."""
