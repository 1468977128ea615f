"""The CA as its clients see it: certificates for one-shot keys, and the seal."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cryptography import x509

from conventions.errors import SigningFailed
from conventions.signatures import Countersignature, SealedManifest, SignerIdentity
from signing.outside import Answer, Outside

JSON_BODY = {"Content-Type": "application/json"}
NAME = "certification authority"


@dataclass(frozen=True)
class PkiTokens:
    """Bearer tokens; a process holds only those of its role, the others are empty."""

    portal: str = ""
    flows: str = ""
    desk: str = ""
    proofs: str = ""


class PkiClient:
    """Asks the CA."""

    def __init__(self, base_url: str, tokens: PkiTokens, outside: Outside) -> None:
        self._base_url = base_url.rstrip("/")
        self._tokens = tokens
        self._outside = outside

    async def issue_member(self, request: bytes, signer: SignerIdentity, reference: str) -> x509.Certificate:
        """Have a member's one-shot key certified.

        Raises:
            UpstreamUnavailable, SigningFailed.
        """
        body: dict[str, object] = {"csr": _base64(request), "subject": _subject(signer, reference)}
        return await self._issue("/issue/member", body, self._tokens.portal)

    async def issue_syndicate(
        self, request: bytes, signer: SignerIdentity, ceremony: str, sealed: SealedManifest, items: Sequence[Countersignature]
    ) -> x509.Certificate:
        """Have the key of a ceremony's signer certified; the CA checks the ceremony.

        Raises:
            UpstreamUnavailable, SigningFailed.
        """
        body: dict[str, object] = {
            "csr": _base64(request),
            "subject": _subject(signer, ceremony),
            "manifest": _base64(sealed.manifest),
            "cms": _base64(sealed.cms),
            "timestamp": _base64(sealed.timestamp),
            "items": [[item.reference, item.member_signed_sha256] for item in items],
        }
        return await self._issue("/issue/syndicate", body, self._tokens.flows)

    async def seal(self, content: bytes) -> bytes:
        """Have bytes sealed: detached CMS, DER.

        Raises:
            UpstreamUnavailable, SigningFailed.
        """
        headers = {"Content-Type": "application/octet-stream", **_bearer(self._tokens.desk)}
        return _accepted(await self._outside.fetch("POST", self._base_url + "/seal", NAME, data=content, headers=headers)).body

    async def proof_seal_certificate(self) -> x509.Certificate:
        """Get the certificate of the seal of proofs.

        Raises:
            UpstreamUnavailable, SigningFailed.
        """
        answer = await self._outside.fetch("GET", f"{self._base_url}/seal/proofs.cer", NAME)
        return _certificate(answer)

    async def seal_proofs(self, digests: Sequence[bytes]) -> list[bytes]:
        """Have SHA-256 hashes signed by the seal of proofs; signatures in order.

        Raises:
            UpstreamUnavailable, SigningFailed.
        """
        data = json.dumps({"hashes": [_base64(digest) for digest in digests]}).encode()
        headers = {**JSON_BODY, **_bearer(self._tokens.proofs)}
        answer = _accepted(await self._outside.fetch("POST", f"{self._base_url}/seal/proofs", NAME, data=data, headers=headers))
        try:
            return [base64.b64decode(one, validate=True) for one in json.loads(answer.body)["signatures"]]
        except (ValueError, KeyError, TypeError) as error:
            raise SigningFailed("the CA did not answer with signatures", code="signing.wrong_signature") from error

    async def _issue(self, path: str, body: Mapping[str, object], token: str) -> x509.Certificate:
        data = json.dumps(body).encode()
        answer = await self._outside.fetch("POST", self._base_url + path, NAME, data=data, headers={**JSON_BODY, **_bearer(token)})
        return _certificate(answer)


def _certificate(answer: Answer) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(_accepted(answer).body)
    except ValueError as error:
        raise SigningFailed("the CA did not answer with a certificate", code="signing.certificate") from error


def _accepted(answer: Answer) -> Answer:
    if answer.status == 200:  # noqa: PLR2004 RFC 9110, 15.3.1
        return answer
    try:
        code = str(json.loads(answer.body)["code"])
    except (ValueError, KeyError, TypeError):
        code = "pki.refused"
    raise SigningFailed(f"the CA refuses: HTTP {answer.status}, {code}", code=code)


def _bearer(token: str) -> dict[str, str]:
    if not token:
        raise SigningFailed("this process holds no token for what it asks of the CA", code="signing.no_token")
    return {"Authorization": f"Bearer {token}"}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _subject(signer: SignerIdentity, reference: str) -> dict[str, str]:
    return {
        "organisation": signer.organisation,
        "siren": signer.siren,
        "given_name": signer.person.given_name,
        "family_name": signer.person.family_name,
        "reference": reference,
    }
