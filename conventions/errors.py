"""The one tree of errors; nothing else crosses a layer.

    ContreseingError
    ├── RuleRefused          a rule of the domain says no to the caller
    │   └── AlreadyRecorded  the same fact, artefact or key stands already: the first commit won
    ├── LinkRefused          a signer's link, visit or code; the public answer never tells which
    ├── NotFound             nothing stands under that identifier
    ├── InputRefused         what was given cannot be read as what it should be
    ├── SigningFailed        nothing was issued
    ├── VerificationFailed   a signature, a time-stamp or a person is not what was expected
    ├── EvidenceBroken       what is stored is not what was recorded: never retried, a person is told
    ├── UpstreamUnavailable  something outside is down (``retryable``)
    │   └── Busy             somebody else holds the claim: come back later (``retryable``)
    └── ConfigurationError   a setting is missing, unknown or contradicts another; at start-up only

``str(error)`` is for operators: English, no secret, no personal data. ``code`` is stable and is what
``conventions.sentences`` turns into a French sentence; ``details`` fills that sentence.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar


class ContreseingError(Exception):
    """Root of all our errors."""

    retryable: ClassVar[bool] = False
    default_code: ClassVar[str] = "internal"

    def __init__(self, message: str, *, code: str | None = None, **details: str | int) -> None:
        super().__init__(message)
        self.code = code or self.default_code
        self.details = details


class RuleRefused(ContreseingError):
    """A rule of the domain refuses; ``code`` names the rule."""

    default_code = "rule.refused"


class AlreadyRecorded(RuleRefused):
    """A unique fact, artefact or key stands already; the caller reads what stands and goes on."""

    default_code = "rule.already_recorded"


class LinkRefused(ContreseingError):
    """A link, a visit or a code is not (or no longer) good."""

    default_code = "link.refused"


class NotFound(ContreseingError):
    """Nothing stands under the identifier given."""

    default_code = "not_found"


@dataclass(frozen=True)
class Problem:
    """One thing wrong in an input: where, what was read, and what to do (French, for the person who sent it)."""

    line: int
    column: str
    value: str
    advice: str


class InputRefused(ContreseingError):
    """An input is unusable; nothing of it was kept."""

    default_code = "input.refused"

    def __init__(self, message: str, *, code: str | None = None, problems: Iterable[Problem] = (), **details: str | int) -> None:
        super().__init__(message, code=code, **details)
        self.problems = tuple(problems)


class SigningFailed(ContreseingError):
    """A signature could not be made; nothing was issued and nothing was kept."""

    default_code = "signing.failed"


class VerificationFailed(ContreseingError):
    """A signature, time-stamp, certificate or person is not what was expected."""

    default_code = "verification.failed"


class EvidenceBroken(ContreseingError):
    """What is stored differs from what was recorded; never retried."""

    default_code = "evidence.broken"


class UpstreamUnavailable(ContreseingError):
    """A service outside (S3, time-stamp authority, mail, Prefect, database) does not answer as it should."""

    retryable = True
    default_code = "upstream.unavailable"


class Busy(UpstreamUnavailable):
    """Somebody else holds the claim on this work."""

    default_code = "upstream.busy"


class ConfigurationError(ContreseingError):
    """The settings cannot be used; only ever raised while starting."""

    default_code = "configuration.refused"
