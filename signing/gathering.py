"""Collects the evidence of a chain from the responders and CRLs its certificates name; keeps CRLs and answers while they are fresh."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.x509.oid import NameOID

from conventions.errors import ContreseingError, SigningFailed, UpstreamUnavailable, VerificationFailed
from conventions.ports.system import Clock
from signing.chains import TrustStore, build_chain
from signing.evidence import (
    NOTHING_OFFERED,
    Evidence,
    OfferedState,
    crl_address,
    ocsp_address,
    offered_proof,
    render_ocsp_request,
    verify_crl,
    verify_ocsp_response,
)
from signing.identities import subject_text
from signing.outside import Outside
from signing.short_term import needs_no_state

KEPT_FOR = timedelta(hours=1)
"""How long a CRL, or the answer about a long-lived certificate, is used again."""
RESPONDER, LIST = "OCSP responder", "CRL"
LONG_LIVED = timedelta(days=1)
OCSP_HEADERS = {"Content-Type": "application/ocsp-request", "Accept": "application/ocsp-response"}
KEPT_LIMIT = 256


@dataclass(frozen=True)
class _Kept:
    der: bytes
    until: datetime


class Gatherer:
    """Asks OCSP about leaves and reads CRLs about CAs: a CRL of leaves may weigh half a megabyte in each file."""

    def __init__(self, outside: Outside, trust: TrustStore, clock: Clock) -> None:
        self._outside = outside
        self._trust = trust
        self._whenever = trust.without_ends()
        self._clock = clock
        self._kept: dict[tuple[str, int], _Kept] = {}

    async def gather_for_signing(self, leaf: x509.Certificate, candidates: Iterable[x509.Certificate]) -> Evidence:
        """Gather for a certificate that is about to sign: no former authority certifies for that.

        Raises:
            UpstreamUnavailable, SigningFailed: see ``gather``; ``chain.former``.
        """
        others = tuple(candidates)
        _path(leaf, others, self._trust, self._clock.now())
        return await self.gather(leaf, others)

    async def gather(
        self,
        leaf: x509.Certificate,
        candidates: Iterable[x509.Certificate],
        at: datetime | None = None,
        offered: OfferedState = NOTHING_OFFERED,
    ) -> Evidence:
        """Build the path of a certificate and prove that nothing in it is revoked: of a former authority too, whose state still counts.

        ``at``: when the certificate was at work, now without it. Of one that has ended since, nobody need answer any more: its
        state is proved by what is offered, or not at all. Nobody is asked about a short-term certificate that leads the path.

        Raises:
            UpstreamUnavailable: a responder or a CRL does not answer, or answers what cannot be used.
            SigningFailed: no path, something in it is revoked, or its state cannot be proved any more (``revocation.missing``).
        """
        now = self._clock.now()
        chain = _path(leaf, candidates, self._whenever, at or now)
        answers: list[bytes] = []
        crls: list[bytes] = []
        for certificate, issuer in itertools.pairwise(chain):
            address = ocsp_address(certificate)
            if certificate is leaf and needs_no_state(certificate):
                continue
            if at is not None and certificate.not_valid_after_utc < now:
                proof = _proof_of(offered, certificate, issuer, at, now)
                answers += proof.ocsp_responses
                crls += proof.crls
            elif address is not None and certificate is leaf:
                answers.append(await self._ocsp(address, certificate, issuer, now))
            elif (address := crl_address(certificate)) is not None:
                crls.append(await self._crl(address, certificate, issuer, now))
            else:
                raise SigningFailed("a certificate names neither OCSP responder nor CRL", code="revocation.no_address")
        return Evidence(chain, tuple(answers), tuple(crls))

    def now(self) -> datetime:
        """Return the instant by which what was gathered counts as known."""
        return self._clock.now()

    def forget(self) -> None:
        """Drop what is kept."""
        self._kept.clear()

    async def _ocsp(self, address: str, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime) -> bytes:
        key = (address, certificate.serial_number)
        if (kept := self._kept.get(key)) is not None and now < kept.until:
            return kept.der
        request = render_ocsp_request(certificate, issuer)
        try:
            answer = await self._outside.fetch("POST", address, RESPONDER, data=request, headers=OCSP_HEADERS)
            response = verify_ocsp_response(answer.body, certificate, issuer, self._clock.now())
        except (UpstreamUnavailable, VerificationFailed) as error:
            if _is_told(error):
                raise SigningFailed(str(error), code=error.code) from error
            told = _name_of(issuer)
            said = f"the {RESPONDER} of {told} gave no usable answer: {error}"
            raise UpstreamUnavailable(said, code="revocation.no_answer", service=RESPONDER, authority=told) from error
        if certificate.not_valid_after_utc - now > LONG_LIVED:
            next_update = next(iter(response.responses)).next_update_utc
            self._keep(key, answer.body, now, next_update)
        return answer.body

    async def _crl(self, address: str, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime) -> bytes:
        key = (address, 0)
        kept = self._kept.get(key)
        der = kept.der if kept is not None and now < kept.until else None
        try:
            der = der or (await self._outside.fetch("GET", address, LIST)).body
            crl = verify_crl(der, certificate, issuer, self._clock.now())
        except (UpstreamUnavailable, VerificationFailed) as error:
            if _is_told(error):
                raise SigningFailed(str(error), code=error.code) from error
            told = _name_of(issuer)
            said = f"the {LIST} of {told} is not to be had, or not usable: {error}"
            raise UpstreamUnavailable(said, code="revocation.no_list", service=LIST, authority=told) from error
        if kept is None or kept.der is not der:
            self._keep(key, der, now, crl.next_update_utc)
        return der

    def _keep(self, key: tuple[str, int], der: bytes, now: datetime, next_update: datetime | None) -> None:
        if len(self._kept) >= KEPT_LIMIT:
            self._kept.clear()
        until = now + KEPT_FOR
        self._kept[key] = _Kept(der, until if next_update is None else min(until, next_update))


def _path(leaf: x509.Certificate, candidates: Iterable[x509.Certificate], trust: TrustStore, at: datetime) -> tuple[x509.Certificate, ...]:
    try:
        return build_chain(leaf, candidates, trust, at)
    except VerificationFailed as error:
        raise SigningFailed("the signer's or the authority's certificate has no valid path", code=error.code) from error


def _proof_of(offered: OfferedState, certificate: x509.Certificate, issuer: x509.Certificate, at: datetime, now: datetime) -> OfferedState:
    try:
        return offered_proof(offered, certificate, issuer, at, now)
    except VerificationFailed as error:
        raise SigningFailed(str(error), code=error.code) from error


def _is_told(error: ContreseingError) -> bool:
    """Tell whether a responder or a list did answer, and what it says stops the signature."""
    return error.code in ("revocation.revoked", "revocation.unknown")


def _name_of(authority: x509.Certificate) -> str:
    """Return the name by which people know an authority."""
    return subject_text(authority, NameOID.COMMON_NAME) or authority.subject.rfc4514_string()
