"""Why a program that judges a file may say something else than we do: told once for each family, and held to be true by the run.

A rule speaks of a corpus's files by name (shell patterns) and of some judges; the first that fits is the reason. A disagreement
without a reason, and a reason that no file needs, both fail the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from tests.interop.verdicts.judges import DSS, FIRST, PDFSIG, QPDF, SECOND

REASONS: Mapping[str, str] = {
    "syntax only": "qpdf reads the structure; it judges neither signatures nor changes.",
    "signed as it stands": "The change was made before the signature or in its revision, which covers it: for a validator it is what was "
    "signed. Only the comparison with the bytes that were handed out sees it.",
    "later changes unseen": "pdfsig checks the digest of the range; of what follows it says only that the whole file is not signed.",
    "later changes allowed": "What was appended is of a kind that this judge lets follow a signature: annotations, entries of the form, "
    "metadata, a store, objects that nothing refers to, bytes after the end.",
    "below B-LTA no seal": "The first reader asks a B-LTA file for its seal; below, it judges signatures and changes to the document.",
    "nobody expected": "A validator does not know who should have signed, nor which file was handed out: the signature is valid.",
    "certificate not asked": "pdfsig was asked about signatures, not about certificates.",
    "usage not asked": "The judge's policy asks no purpose of the certificate's key.",
    "our choice": "A valid signature, of a kind that we do not take: certified, in another field, not PAdES, two at once, drawn by XFA.",
    "room not covered": "No signature covers the room around its own value; what stands there besides is not looked at.",
    "repaired": "The reader finds its way in a structure that others read otherwise; we refuse what is not read alike by all.",
    "older history": "The judge reads the last cross-reference table and what it names, wherever that table says the file began.",
    "store not opened": "The judge does not inflate the store; our reader is held to 512 MB and ten seconds.",
    "state unknown": "Nothing in the file tells whether the certificate was revoked: a judge without network does not decide.",
    "B-LTA only": "The second reader judges files at B-LTA alone: an upload comes before it once it has been raised.",
    "taken at its word": "A certificate that says it is never revoked is believed however long it lives; by us if that is a day at most.",
    "their own field": "The member's tool added a time-stamp field that our lock does not name: for EU DSS the lock is broken. We keep the "
    "signature's revision alone and archive that.",
}
"""By the word that the table shows."""


@dataclass(frozen=True)
class Rule:
    """A reason, for which files and which judges."""

    pattern: str
    judges: tuple[str, ...]
    reason: str


SIGNED_ALONG = ("shadow: *", "*, then signed", "signed together: *", "catalog: *", "widget: *", "form: appearances*")
NONE = ""
VALIDATORS = (FIRST, DSS, PDFSIG)
RULES: tuple[Rule, ...] = (
    *(Rule(pattern, (PDFSIG, QPDF), NONE) for pattern in ("honest: *", "level: *", "as we made it")),
    Rule("*", (QPDF,), "syntax only"),
    Rule("honest: *archive time-stamp*", (DSS,), "their own field"),
    Rule("honest: *", (FIRST,), "state unknown"),
    Rule("honest: *", (SECOND,), "B-LTA only"),
    Rule("level: *, B-LT", (SECOND,), "B-LTA only"),
    Rule("level: *, B-[BT]", (SECOND,), "B-LTA only"),
    Rule("level: *, B-[BT]", (FIRST, DSS), "state unknown"),
    Rule("certificate: an authority's own", (FIRST, DSS), "state unknown"),
    Rule("shadow: a revision beside*", VALIDATORS, "older history"),
    Rule("shadow: objects that no table names", VALIDATORS, "repaired"),
    *(Rule(pattern, VALIDATORS, "signed as it stands") for pattern in SIGNED_ALONG),
    Rule("*signed, then *", (PDFSIG,), "later changes unseen"),
    Rule("*signed, then *", (DSS,), "later changes allowed"),
    Rule("*signed, then *", (FIRST,), "below B-LTA no seal"),
    Rule("incremental saving: *", (PDFSIG,), "later changes unseen"),
    Rule("incremental saving: *", (DSS,), "later changes allowed"),
    Rule("incremental saving: *", (FIRST,), "below B-LTA no seal"),
    Rule("sealed: *", (PDFSIG,), "later changes unseen"),
    Rule("sealed: *", (DSS,), "later changes allowed"),
    Rule("wrapping: the room*", VALIDATORS, "room not covered"),
    Rule("person: *", VALIDATORS, "nobody expected"),
    Rule("file: another text", VALIDATORS, "nobody expected"),
    Rule("file: written anew*", VALIDATORS, "nobody expected"),
    Rule("certificate: *", (PDFSIG,), "certificate not asked"),
    Rule("algorithm: *", (PDFSIG,), "certificate not asked"),
    Rule("certificate: *", (FIRST, DSS), "usage not asked"),
    Rule("short-term: of a year", (DSS,), "taken at its word"),
    Rule("short-term: of a year", (FIRST,), "state unknown"),
    Rule("short-term: *", (PDFSIG,), "certificate not asked"),
    Rule("certification: *", VALIDATORS, "our choice"),
    Rule("duplicate: *", VALIDATORS, "our choice"),
    Rule("field: *", VALIDATORS, "our choice"),
    Rule("format: *", VALIDATORS, "our choice"),
    Rule("form: XFA", VALIDATORS, "our choice"),
    Rule("file: hybrid*", VALIDATORS, "repaired"),
    Rule("file: nested*", VALIDATORS, "repaired"),
    Rule("file: two gigabytes*", VALIDATORS, "store not opened"),
)


def reason_of(name: str, judge: str) -> str:
    """Return the word for why a judge does not say what we say; empty when nothing was said about it."""
    return next((rule.reason for rule in RULES if judge in rule.judges and fnmatchcase(name, rule.pattern)), "")
