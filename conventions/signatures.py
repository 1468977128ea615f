"""What signing asks for and gives back, in the words of ETSI EN 319 102-1 and EN 319 142-1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from conventions.kinds import Party
from conventions.people import Person
from conventions.qualification import Qualification

READERS_REQUIRED = 2
"""Independent readers that must each accept a completed file before it is archived, and before anything is ordered from it."""


class SignatureLevel(StrEnum):
    """Levels of electronic signature, lowest first: Regulation (EU) 910/2014, article 3, 10 to 12."""

    SIMPLE = "simple"
    ADVANCED = "advanced"
    QUALIFIED = "qualified"

    @property
    def french(self) -> str:
        """The level as French law writes it, after « signature »."""
        return {"simple": "simple", "advanced": "avancée", "qualified": "qualifiée"}[self.value]

    def reaches(self, asked: SignatureLevel) -> bool:
        """Tell whether this level is the one asked for, or above it."""
        order = list(SignatureLevel)
        return order.index(self) >= order.index(asked)


@dataclass(frozen=True)
class SignatureLevels:
    """A level for each role: the least that a programme asks for, or what an installation's keys give."""

    member: SignatureLevel = SignatureLevel.SIMPLE
    signatory: SignatureLevel = SignatureLevel.SIMPLE


SIMPLE_LEVELS = SignatureLevels()


class PadesLevel(StrEnum):
    """Baseline levels of EN 319 142-1, as computed from a file, never as asked."""

    B_B = "B-B"
    B_T = "B-T"
    B_LT = "B-LT"
    B_LTA = "B-LTA"


class Indication(StrEnum):
    """Main indication of a validation, EN 319 102-1, 5.1.3."""

    TOTAL_PASSED = "TOTAL-PASSED"
    TOTAL_FAILED = "TOTAL-FAILED"
    INDETERMINATE = "INDETERMINATE"


@dataclass(frozen=True)
class SignerIdentity:
    """Who signs for which body; ``siren`` becomes ``organizationIdentifier = NTRFR-<siren>`` in the certificate."""

    party: Party
    person: Person
    organisation: str
    siren: str

    @property
    def organization_identifier(self) -> str:
        """Legal person identifier of EN 319 412-1, 5.1.4, from the French trade register."""
        return f"NTRFR-{self.siren}"


@dataclass(frozen=True)
class MemberSignature:
    """A member's signature to be made: ``document_sha256`` is the digest that was shown to the person."""

    reference: str
    signer: SignerIdentity
    document_sha256: str
    reason: str
    formula: str


@dataclass(frozen=True)
class Countersignature:
    """One document of a ceremony: digest of the member-signed bytes listed in the manifest."""

    reference: str
    member_signed_sha256: str


@dataclass(frozen=True)
class SignedFile:
    """A complete signed file: PDF bytes, the level computed from them, ``genTime`` of the signature's time-stamp."""

    data: bytes
    level: PadesLevel
    signed_at: datetime
    certificate_sha256: str


@dataclass(frozen=True)
class OwnCertificate:
    """A signer's own certificate as a person compares it: subject and issuer (RFC 4514), serial number (hexadecimal)."""

    subject: str
    issuer: str
    serial: str
    states_siren: bool = True


@dataclass(frozen=True)
class CompletedUpload:
    """What an accepted upload was raised to, and the certificate that it was signed with."""

    signed: SignedFile
    certificate: OwnCertificate


@dataclass(frozen=True)
class CountersignOutcome:
    """What became of one document of a batch: the file, or why not (a stable code and an operator's sentence)."""

    reference: str
    signed: SignedFile | None = None
    failure_code: str = ""
    failure: str = ""
    retryable: bool = False


@dataclass(frozen=True)
class SealedManifest:
    """A ceremony's manifest and what binds it: canonical JSON, detached CMS by the system's seal, RFC 3161 token (DER)."""

    manifest: bytes
    cms: bytes
    timestamp: bytes
    sealed_at: datetime


@dataclass(frozen=True)
class ExpectedSigner:
    """Who must have signed which field: compared with the certificate's issuer, policy, organisation and person.

    With ``certificate_sha256`` it is that very certificate: one of the person's own, accepted when the file was uploaded.
    """

    identity: SignerIdentity
    field: str
    certificate_sha256: str = ""


class Check(StrEnum):
    """The building blocks of EN 319 102-1, 5.2 that a reader goes through, then the two that bring time in (5.5, 5.6)."""

    FORMAT = "format"
    SIGNING_CERTIFICATE = "signing_certificate"
    CERTIFICATE_PATH = "certificate_path"
    CRYPTOGRAPHY = "cryptography"
    ACCEPTANCE = "acceptance"
    TIME = "time"


class Outcome(StrEnum):
    """What became of a check; ``undecided``: another one decided before anything was said of this one."""

    PASSED = "passed"
    FAILED = "failed"
    INDETERMINATE = "indeterminate"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class SignatureFinding:
    """One signature of a report.

    ``certificates``: SHA-256 of the signer's and of those above it that the reader knew; ``qualification``: None when it did not look.
    ``is_one_shot``: the certificate is one of ours, made for this signature after a link and a code: the signature is simple.
    ``is_short_term``: its state is asked of nobody, because it lived a day at most and says that it is never revoked.
    ``told``: the checks that the reader itself told of, and what became of them.
    """

    field: str
    signer: str
    organization_identifier: str
    signed_at: datetime
    indication: Indication
    sub_indication: str
    level: PadesLevel | None
    reasons: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    qualification: Qualification | None = None
    is_one_shot: bool = False
    told: tuple[tuple[Check, Outcome], ...] = ()
    is_short_term: bool = False


@dataclass(frozen=True)
class TimestampFinding:
    """One document or signature time-stamp of a report; ``certificates`` and ``qualification`` as for a signature."""

    kind: str
    field: str
    authority: str
    at: datetime
    indication: Indication
    reasons: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    qualification: Qualification | None = None


@dataclass(frozen=True)
class ValidationReport:
    """What one reader found in one file. ``valid`` only if each expected person, and nobody else, signed as expected.

    ``data_sha256``: of the embedded data, empty without any; None from a reader that does not look at them.
    """

    reader: str
    sha256: str
    validated_at: datetime
    valid: bool
    level: PadesLevel | None
    signatures: tuple[SignatureFinding, ...]
    timestamps: tuple[TimestampFinding, ...]
    data_sha256: str | None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class FormerAuthorities:
    """A PKI that vouches for what was signed until an instant, and for nothing later: its name here, its anchors, PEM by file name."""

    name: str
    anchors_pem: Mapping[str, bytes]
    until: datetime


@dataclass(frozen=True)
class ProofMaterial:
    """What a signed file holds to be validated by, DER: certificates, OCSP answers, revocation lists, RFC 3161 tokens by field.

    ``roots``: of the authorities accepted for files signed elsewhere, those that this file needs.
    """

    certificates: tuple[bytes, ...]
    ocsp_responses: tuple[bytes, ...]
    crls: tuple[bytes, ...]
    timestamps: tuple[tuple[str, bytes], ...]
    roots: tuple[bytes, ...] = ()
