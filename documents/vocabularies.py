"""The vocabulary of each kind of document that has a wording, by the name of its folder."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from documents import agreements
from documents.evidence_vocabulary import EVIDENCE, EVIDENCE_VOCABULARY
from documents.vocabulary import Vocabulary

VOCABULARIES: Mapping[str, Vocabulary] = MappingProxyType(
    {**{kind.value: vocabulary for kind, vocabulary in agreements.VOCABULARIES.items()}, EVIDENCE: EVIDENCE_VOCABULARY}
)
