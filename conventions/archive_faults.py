"""What can be wrong with an object of the archive; each has its French words in ``conventions.fault_labels``."""

from __future__ import annotations

from enum import StrEnum


class ArchiveFault(StrEnum):
    """What is wrong with an object of the archive."""

    MISSING = "missing"
    HIDDEN = "hidden"
    UNREADABLE = "unreadable"
    ALTERED = "altered"
    TRUNCATED = "truncated"
    UNLOCKED = "unlocked"
    LOCK_SHORTENED = "lock_shortened"
    LOCK_WEAKENED = "lock_weakened"
    EXTRA = "extra"
    EXTRA_VERSION = "extra_version"
    INDEX_BROKEN = "index_broken"
    NOT_AS_JOURNALLED = "not_as_journalled"
    NOT_HELD = "not_held"
    NOT_COPIED = "not_copied"
    NEVER_WRITTEN = "never_written"


ABSENT = frozenset({ArchiveFault.MISSING, ArchiveFault.HIDDEN, ArchiveFault.UNREADABLE})
"""The faults of an object that the store does not give."""
NO_WHOLE_BYTES = ABSENT | {ArchiveFault.ALTERED, ArchiveFault.TRUNCATED}
"""The faults of an object that the store does not give as it was written."""
