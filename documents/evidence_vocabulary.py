"""Fields and lists of the wording of an evidence file; apart, so that who renders agreements alone loads no more."""

from __future__ import annotations

from types import MappingProxyType

from documents.blocks import SYSTEM
from documents.vocabulary import Vocabulary

EVIDENCE = "evidence"
EVIDENCE_WORDING = "evidence/2026-1"
EVIDENCE_VOCABULARY = Vocabulary(
    required=frozenset(
        {
            "agreement.reference",
            "agreement.title",
            "agreement.version",
            "agreement.page_count",
            "archive.key",
            "archive.lock",
            "archive.retain_until",
            "archive.sha256",
            "data.sha256",
            "established.at",
            "established.on",
            "events.count",
            "journal.at",
            "journal.root",
            "journal.size",
            "member.name",
            "member.siret",
            "member_signed.sha256",
            "prepared.sha256",
            "sealed.sha256",
            "syndicate.name",
            "syndicate.seat",
            "syndicate.siret",
            "syndicate.telephone",
            "syndicate.website",
            "wording.id",
            "wording.sha256",
        }
    ),
    lists=MappingProxyType(
        {
            "people": frozenset({"line.name", "line.capacity", "line.means"}),
            "events": frozenset({"line.index", "line.at", "line.said"}),
            "signatures": frozenset({"line.signer", "line.at", "line.said"}),
            "timestamps": frozenset({"line.authority", "line.at", "line.said"}),
            "validations": frozenset({"line.reader", "line.at", "line.result", "line.sha256"}),
        }
    ),
    conditions=frozenset({"archived", "demonstration", "journalled", "member_alone", "sealed"}),
    parties=(SYSTEM,),
)
