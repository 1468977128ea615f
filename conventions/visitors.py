"""Whether a visit looks like a person's or a machine's, and by which signs that were really observed.

A sign is a hint, never a proof: a browser that hides what it is looks like a program, and a program may send what a browser sends.

1. no name, the name of a mail scanner or of a program, or a page asked for in advance: a machine;
2. two doubts or more (no language, no word of how the request was made, the form sent back within a second): a machine;
3. otherwise a person; a single doubt is told.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from conventions.links import VisitorKind

AT_ONCE_SECONDS = 1.0
"""Nobody has read the first page and pressed its button in less."""

MAIL_SCANNERS = (
    "bingpreview",  # what Microsoft's Safe Links calls itself
    "safelinks",
    "barracuda",
    "proofpoint",
    "mimecast",
    "ironport",
    "symantec",
    "trendmicro",
    "fireeye",
    "trellix",
    "vadesecure",
    "zscaler",
    "googleimageproxy",
)
PROGRAM = re.compile(
    r"bot(?=[-/;)+]|$)|crawler|spider|scanner|preview|headless|python|curl/|wget|httpx|libwww|go-http-client|okhttp|java/|node-fetch|axios"
)
"""Words by which programs name themselves; « bot » at the end of a word alone, because a telephone is called Cubot."""


class Sign(StrEnum):
    """What was observed; those that say nothing against a person last."""

    NO_USER_AGENT = "no_user_agent"
    MAIL_SCANNER = "mail_scanner"
    PROGRAM = "program"
    PREFETCH = "prefetch"
    NO_LANGUAGE = "no_language"
    NO_FETCH_METADATA = "no_fetch_metadata"
    AT_ONCE = "at_once"
    LANGUAGE = "language"
    FETCH_METADATA = "fetch_metadata"
    UNHURRIED = "unhurried"


DECISIVE = frozenset({Sign.NO_USER_AGENT, Sign.MAIL_SCANNER, Sign.PROGRAM, Sign.PREFETCH})
DOUBTS = frozenset({Sign.NO_LANGUAGE, Sign.NO_FETCH_METADATA, Sign.AT_ONCE})
TOO_MANY_DOUBTS = 2


@dataclass(frozen=True)
class Visitor:
    """Who seems to be asking: address and browser are personal data, kept apart and purged. None: it was not observed.

    ``has_language``: Accept-Language; ``has_fetch_metadata``: Sec-Fetch-*; ``is_prefetch``: Sec-Purpose or its elders;
    ``answered_after_s``: from the page served to its form sent back.
    """

    address: str
    user_agent: str
    has_language: bool | None = None
    has_fetch_metadata: bool | None = None
    is_prefetch: bool = False
    answered_after_s: float | None = None


def observed(visitor: Visitor) -> tuple[Sign, ...]:
    """List the signs of a visit."""
    agent = visitor.user_agent.casefold()
    found = {
        Sign.NO_USER_AGENT: not agent,
        Sign.MAIL_SCANNER: any(name in agent for name in MAIL_SCANNERS),
        Sign.PROGRAM: PROGRAM.search(agent) is not None,
        Sign.PREFETCH: visitor.is_prefetch,
        Sign.NO_LANGUAGE: visitor.has_language is False,
        Sign.NO_FETCH_METADATA: visitor.has_fetch_metadata is False,
        Sign.AT_ONCE: visitor.answered_after_s is not None and visitor.answered_after_s < AT_ONCE_SECONDS,
        Sign.LANGUAGE: visitor.has_language is True,
        Sign.FETCH_METADATA: visitor.has_fetch_metadata is True,
        Sign.UNHURRIED: visitor.answered_after_s is not None and visitor.answered_after_s >= AT_ONCE_SECONDS,
    }
    return tuple(sign for sign in Sign if found[sign])


def classify(visitor: Visitor) -> tuple[VisitorKind, str]:
    """Say whether a visit looks like a person's or a machine's, and by which signs: their names, separated by commas."""
    signs = observed(visitor)
    is_machine = not DECISIVE.isdisjoint(signs) or len(DOUBTS.intersection(signs)) >= TOO_MANY_DOUBTS
    return (VisitorKind.MACHINE if is_machine else VisitorKind.PERSON), ",".join(signs)
