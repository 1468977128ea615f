"""Remote signing: a key that a trust service provider holds, by the CSC API, versions 1.0.4 and 2.

One authorisation for as many hashes as the credential allows at once (``multisign``), bound to those hashes (SCAL2), used
at once: its signature activation data (SAD) expire. Clauses are those of CSC API 1.0.4.0 and 2.0.0.2.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cryptography import x509

from conventions.errors import ConfigurationError, SigningFailed, UpstreamUnavailable
from signing.cms import Mechanism
from signing.keys import PublicKey, max_signature_bytes, mechanism_of, public_key_of, verify_hash_signatures
from signing.outside import Answer, Outside

SERVICE = "remote signing service"
SHA256 = "2.16.840.1.101.3.4.2.1"
ALGORITHMS = {
    Mechanism.ECDSA_SHA256: ("1.2.840.10045.4.3.2",),
    Mechanism.RSA_PSS_SHA256: ("1.2.840.113549.1.1.10",),
    Mechanism.RSA_PKCS1_SHA256: ("1.2.840.113549.1.1.11", "1.2.840.113549.1.1.1"),
}
PSS_PARAMETERS = base64.b64encode(
    bytes.fromhex("3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120")
).decode("ascii")
"""RSASSA-PSS-params (RFC 8017, A.2.3): SHA-256, MGF1 with SHA-256, 32 bytes of salt."""
DEFAULT_EXPIRY_SECONDS = 3_600.0  # 11.6, ``expiresIn``
EXPIRY_MARGIN_SECONDS = 2.0
TRIES = 2
MOST_HASHES_AT_ONCE = 100
OK, TOO_MANY_REQUESTS = 200, 429


class CscVersion(StrEnum):
    """Version of the API, as it stands in addresses."""

    V1 = "v1"
    V2 = "v2"


@dataclass(frozen=True)
class CscAccess:
    """Where the service is and by what right: ``token`` is an OAuth 2 bearer token, ``pin`` the credential's, if it has one."""

    url: str
    version: CscVersion
    credential: str
    token: str = field(repr=False)
    pin: str = field(default="", repr=False)


@dataclass(frozen=True)
class Credential:
    """What the service says of a credential: its certificate, those above, how it signs, how many hashes at once."""

    certificate: x509.Certificate
    others: tuple[x509.Certificate, ...]
    public_key: PublicKey
    mechanism: Mechanism
    algorithm: str
    at_once: int
    asks_pin: bool


@dataclass(frozen=True)
class _Authorisation:
    sad: str
    ends_at_monotonic: float


class CscKey:
    """A remote key; ``open`` asks the service what the credential is."""

    def __init__(self, access: CscAccess, outside: Outside, credential: Credential) -> None:
        self._access = access
        self._outside = outside
        self._credential = credential
        self._is_open = True
        self._lane = asyncio.Lock()  # one authorisation at a time, whoever asks
        self.certificate = credential.certificate
        self.others = credential.others
        self.mechanism = credential.mechanism
        self.max_signature_bytes = max_signature_bytes(credential.public_key)
        self.authorisations = 0

    @classmethod
    async def open(cls, access: CscAccess, outside: Outside) -> CscKey:
        """Read the credential (11.5).

        Raises:
            ConfigurationError: ``configuration.csc_credential`` (disabled, or of an unusable key), ``configuration.csc_authorisation``
                (it asks for what only its holder can do, or for a PIN that was not given), ``configuration.csc_refused``.
            UpstreamUnavailable: no answer.
        """
        body: dict[str, object] = {"credentialID": access.credential, "certificates": "chain"}
        try:
            told = await _ask(access, outside, "credentials/info", body)
        except SigningFailed as error:
            raise ConfigurationError(f"{SERVICE} refuses the credential: {error}", code="configuration.csc_refused") from error
        credential = parse_credential(told)
        if credential.asks_pin and not access.pin:
            raise ConfigurationError("the credential asks for a PIN", code="configuration.csc_authorisation")
        return cls(access, outside, credential)

    async def sign_hashes(self, hashes_: Sequence[bytes]) -> list[bytes]:
        if not self._is_open:
            raise SigningFailed("the remote key was given up", code="signing.key_destroyed")
        signatures: list[bytes] = []
        async with self._lane:
            for start in range(0, len(hashes_), self._credential.at_once):
                part = hashes_[start : start + self._credential.at_once]
                made = await self._sign_part([base64.b64encode(one).decode("ascii") for one in part])
                verify_hash_signatures(self._credential.public_key, self.mechanism, part, made)
                signatures += made
        return signatures

    def destroy(self) -> None:
        self._is_open = False

    async def _sign_part(self, hashes_: list[str]) -> list[bytes]:
        """Authorise and sign; once more when the authorisation expired on the way."""
        for attempt in range(1, TRIES + 1):
            authorisation = await self._authorise(hashes_)
            if time.monotonic() < authorisation.ends_at_monotonic:
                try:
                    return await self._sign_authorised(hashes_, authorisation)
                except SigningFailed as error:
                    if error.code != "signing.csc_expired" or attempt == TRIES:
                        raise
        raise SigningFailed("the authorisation expires before it can be used", code="signing.csc_expired")

    async def _authorise(self, hashes_: list[str]) -> _Authorisation:
        body: dict[str, object] = {"credentialID": self._access.credential, "numSignatures": len(hashes_)}
        if self._access.version is CscVersion.V1:
            body["hash"] = hashes_
            if self._credential.asks_pin:
                body["PIN"] = self._access.pin
        else:
            body |= {"hashes": hashes_, "hashAlgorithmOID": SHA256}
            if self._credential.asks_pin:
                body["authData"] = [{"id": "PIN", "value": self._access.pin}]
        begun = time.monotonic()
        told = await _ask(self._access, self._outside, "credentials/authorize", body)
        sad, expires_in = told.get("SAD"), told.get("expiresIn", DEFAULT_EXPIRY_SECONDS)
        if not isinstance(sad, str) or not sad or not isinstance(expires_in, int | float):
            raise _senseless("an authorisation without its data")
        self.authorisations += 1
        return _Authorisation(sad, begun + max(0.0, expires_in - EXPIRY_MARGIN_SECONDS))

    async def _sign_authorised(self, hashes_: list[str], authorisation: _Authorisation) -> list[bytes]:
        body: dict[str, object] = {
            "credentialID": self._access.credential,
            "SAD": authorisation.sad,
            "signAlgo": self._credential.algorithm,
        }
        if self._access.version is CscVersion.V1:
            body |= {"hash": hashes_, "hashAlgo": SHA256}
        else:
            body |= {"hashes": hashes_, "hashAlgorithmOID": SHA256, "operationMode": "S"}
        if self.mechanism is Mechanism.RSA_PSS_SHA256:
            body["signAlgoParams"] = PSS_PARAMETERS
        told = await _ask(self._access, self._outside, "signatures/signHash", body)
        try:
            return [base64.b64decode(one, validate=True) for one in told["signatures"]]
        except (KeyError, TypeError, ValueError) as error:
            raise _senseless("no list of signatures") from error


def parse_credential(told: Mapping[str, Any]) -> Credential:
    """Read what the service says of a credential (11.5; in version 2 the entry ``auth`` replaces ``authMode``, ``PIN``, ``OTP``).

    Raises:
        ConfigurationError: it cannot sign for a process: disabled, of an unusable key, or authorised by its holder alone.
    """
    try:
        chain = [x509.load_der_x509_certificate(base64.b64decode(one)) for one in told["cert"]["certificates"]]
        status, algorithms = told["key"]["status"], frozenset(told["key"]["algo"])
        mode, asks_pin, asks_more = _authorisation_asked(told)
        at_once = int(told.get("multisign", 1))
        certificate = chain[0]
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, binascii.Error) as error:
        raise ConfigurationError("the credential's description cannot be read", code="configuration.csc_credential") from error
    if status != "enabled" or at_once < 1:
        raise ConfigurationError(f"the credential's key is {status}", code="configuration.csc_credential")
    if mode not in ("implicit", "explicit") or asks_more:
        raise ConfigurationError(f"the credential is authorised by its holder alone ({mode})", code="configuration.csc_authorisation")
    public_key = public_key_of(certificate)
    for has_pss in (True, False):
        mechanism = mechanism_of(public_key, has_pss=has_pss)
        for algorithm in ALGORITHMS[mechanism]:
            if algorithm in algorithms:
                at_once = min(at_once, MOST_HASHES_AT_ONCE)
                return Credential(certificate, tuple(chain[1:]), public_key, mechanism, algorithm, at_once, asks_pin)
    raise ConfigurationError("the credential signs no SHA-256 digest", code="configuration.csc_credential")


def _authorisation_asked(told: Mapping[str, Any]) -> tuple[str, bool, bool]:
    """Return the mode, whether a PIN is asked for, and whether anything else is (a code by telephone, a page to visit)."""
    if "auth" in told:
        kinds = [str(one.get("type", "")).lower() for one in told["auth"].get("objects", [])]
        return str(told["auth"]["mode"]), "password" in kinds, any(kind != "password" for kind in kinds)
    pin, otp = (str(told.get(name, {}).get("presence", "false")) == "true" for name in ("PIN", "OTP"))
    return str(told["authMode"]), pin, otp


async def _ask(access: CscAccess, outside: Outside, method: str, body: Mapping[str, object]) -> dict[str, Any]:
    address = f"{access.url}/csc/{access.version}/{method}"
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {access.token}"}
    answer = await outside.fetch("POST", address, SERVICE, data=json.dumps(body).encode(), headers=headers)
    if answer.status == TOO_MANY_REQUESTS:
        raise UpstreamUnavailable(f"{SERVICE} asks to wait", code="signing.csc_busy", service=SERVICE)
    if answer.status != OK:
        raise _refusal(answer, method)
    try:
        told = json.loads(answer.body)
    except ValueError as error:
        raise _senseless("no JSON") from error
    if not isinstance(told, dict):
        raise _senseless("no JSON object")
    return told


def _refusal(answer: Answer, method: str) -> SigningFailed:
    """Sort a refusal (8.5, Error handling): nothing of its description is repeated, it may hold personal data."""
    try:
        told = json.loads(answer.body)
        error, description = str(told["error"]), str(told.get("error_description", "")).lower()
    except (ValueError, KeyError, TypeError, AttributeError):
        error, description = "", ""
    code = "signing.csc_refused"
    if error in ("invalid_pin", "invalid_otp"):
        code = "signing.csc_pin"
    elif "sad" in description and "expire" in description:
        code = "signing.csc_expired"
    known = error if error.isidentifier() else "no code"
    return SigningFailed(f"{SERVICE} refuses {method}: HTTP {answer.status}, {known}", code=code)


def _senseless(what: str) -> UpstreamUnavailable:
    return UpstreamUnavailable(f"{SERVICE} answers with {what}", code="signing.csc_answer", service=SERVICE)
