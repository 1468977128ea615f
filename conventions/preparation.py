"""What the ``prepared`` fact of an agreement holds, read back as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from conventions.agreements import Agreement, FactKind
from conventions.amounts import said_amount
from conventions.canonical import Json
from conventions.kinds import FIELD_OF, SIGNERS, Party
from conventions.people import Civility, Person
from conventions.ports.documents import Section
from conventions.signatures import ExpectedSigner, SignerIdentity


@dataclass(frozen=True)
class Preparation:
    """The prepared file of a version: digest, reading parts, and who is expected to sign it."""

    sha256: str
    data_sha256: str
    title: str
    page_count: int
    sections: tuple[Section, ...]
    contribution_eur: int
    amount: str
    delegation_id: str
    member: SignerIdentity
    syndicate: SignerIdentity
    twin_sha256: str

    def identity(self, party: Party) -> SignerIdentity:
        """Return who signs for a party."""
        return self.member if party is Party.MEMBER else self.syndicate


def preparation_of(agreement: Agreement, version: int | None = None) -> Preparation:
    """Read the ``prepared`` fact of a version (the current one by default).

    Raises:
        NotFound: the version is not prepared.
    """
    data = agreement.required_fact(FactKind.PREPARED, version).data
    sections = data["sections"]
    assert isinstance(sections, list | tuple)  # noqa: S101 written by ``prepare`` alone
    return Preparation(
        sha256=str(data["sha256"]),
        data_sha256=str(data["data_sha256"]),
        title=str(data["title"]),
        page_count=_number(data["page_count"]),
        sections=tuple(_section(item) for item in sections),
        contribution_eur=_number(data["contribution_eur"]),
        amount=said_amount(data),
        delegation_id=str(data["delegation_id"]),
        member=_identity(Party.MEMBER, data["signer"]),
        syndicate=_identity(Party.SYNDICATE, data["countersigner"]),
        twin_sha256=str(data["twin_sha256"]),
    )


def expected_signers(agreement: Agreement) -> tuple[ExpectedSigner, ...]:
    """List who must have signed which field once the agreement is complete, in signing order."""
    preparation, certificates = preparation_of(agreement), {Party.MEMBER: own_certificate(agreement)}
    return tuple(
        ExpectedSigner(preparation.identity(party), FIELD_OF[party], certificates.get(party, "")) for party in SIGNERS[agreement.kind]
    )


def own_certificate(agreement: Agreement) -> str:
    """Return the fingerprint of the certificate that the member came with, hexadecimal; empty when ours signed."""
    signed = agreement.fact(FactKind.MEMBER_SIGNED)
    return signed.text("certificate_sha256") if signed is not None and "uploaded_sha256" in signed.data else ""


def _number(value: Json) -> int:
    assert isinstance(value, int)  # noqa: S101 written by ``prepare`` alone
    return value


def _section(value: Json) -> Section:
    assert isinstance(value, list | tuple)  # noqa: S101 written by ``prepare`` alone
    title, first, last = value
    return Section(str(title), _number(first), _number(last))


def _identity(party: Party, value: Json) -> SignerIdentity:
    assert isinstance(value, Mapping)  # noqa: S101 written by ``prepare`` alone
    person = Person(Civility(str(value["civility"])), str(value["given_name"]), str(value["family_name"]), str(value["capacity"]))
    return SignerIdentity(party, person, str(value["organisation"]), str(value["siren"]))
