"""A key that never leaves its device: PKCS#11 (OASIS, 2.40), any HSM, token or SoftHSM.

The device is opened once, where the process starts: module, token, PIN, key and certificate are found and one signature is
made and checked, so that what cannot sign is known before anybody is asked to authorise anything. All calls go through one
thread: one signing lane a key.
"""

from __future__ import annotations

import threading
from asyncio import get_running_loop
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pkcs11
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from pkcs11 import MGF, Attribute, KeyType, ObjectClass
from pkcs11 import Mechanism as DeviceMechanism
from pkcs11.exceptions import (
    DeviceError,
    DeviceRemoved,
    GeneralError,
    MultipleObjectsReturned,
    MultipleTokensReturned,
    NoSuchKey,
    NoSuchToken,
    PinExpired,
    PinIncorrect,
    PinInvalid,
    PinLenRange,
    PinLocked,
    PKCS11Error,
    SessionClosed,
    SessionHandleInvalid,
    TokenNotPresent,
    TokenNotRecognised,
    UserAlreadyLoggedIn,
    UserNotLoggedIn,
)
from pkcs11.types import SignMixin
from pkcs11.util.ec import encode_ecdsa_signature

from conventions.errors import ConfigurationError, SigningFailed, UpstreamUnavailable
from signing.cms import Mechanism
from signing.keys import SHA256_BYTES, PublicKey, max_signature_bytes, mechanism_of, public_key_of, verify_hash_signatures

SERVICE = "PKCS#11 device"
PROBE = bytes(range(SHA256_BYTES))
SHA256_DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
"""RFC 8017, 9.2, note 1: what precedes a SHA-256 digest in PKCS#1 v1.5."""
WRONG_PIN = (PinExpired, PinIncorrect, PinInvalid, PinLenRange, PinLocked)
LOST = (DeviceError, DeviceRemoved, GeneralError, SessionClosed, SessionHandleInvalid, TokenNotPresent, TokenNotRecognised, UserNotLoggedIn)
"""After which the device is opened anew, once: it was restarted, unplugged, or it ended our session."""


@dataclass(frozen=True)
class Pkcs11Access:
    """Where the key is; ``token`` (its label) or ``slot``; the certificate, PEM or DER, when the device holds none."""

    module: Path
    key_label: str
    pin: str = field(repr=False)
    token: str | None = None
    slot: int | None = None
    certificates: tuple[x509.Certificate, ...] = ()


class Pkcs11Key:
    """A key of a device with its certificate; ``destroy`` ends the session."""

    def __init__(self, access: Pkcs11Access) -> None:
        """Open the device and sign once.

        Raises:
            ConfigurationError: ``configuration.pkcs11_module``, ``_token``, ``_pin``, ``_key``, ``_certificate``.
        """
        self._access = access
        self._lane: ThreadPoolExecutor | None = ThreadPoolExecutor(1, thread_name_prefix="pkcs11")
        self._lock = threading.Lock()
        try:
            self._open()
        except BaseException:
            self.destroy()
            raise

    def _open(self) -> None:
        token = self._find_token()
        self._session = _logged_in(token, self._access.pin)
        certificate, self.others = self._find_certificate(self._session)
        self.certificate = certificate
        self._public_key: PublicKey = public_key_of(certificate)
        self._key = self._find_key(self._session)
        try:
            has_pss = DeviceMechanism.RSA_PKCS_PSS in token.slot.get_mechanisms()
            self.mechanism = mechanism_of(self._public_key, has_pss=has_pss)
            self.max_signature_bytes = max_signature_bytes(self._public_key)
            verify_hash_signatures(self._public_key, self.mechanism, [PROBE], [self._sign(PROBE)])
        except (PKCS11Error, SigningFailed) as error:
            raise _unusable(
                f"the key and its certificate do not sign together: {type(error).__name__}", code="configuration.pkcs11_certificate"
            ) from error

    async def sign_hashes(self, hashes_: Sequence[bytes]) -> list[bytes]:
        if self._lane is None:
            raise SigningFailed("the device was closed", code="signing.key_destroyed")
        signatures = await get_running_loop().run_in_executor(self._lane, self._sign_all, tuple(hashes_))
        verify_hash_signatures(self._public_key, self.mechanism, hashes_, signatures)
        return signatures

    def destroy(self) -> None:
        with self._lock:
            lane, self._lane = self._lane, None
        if lane is not None:
            lane.submit(self._close).result()
            lane.shutdown()

    def _sign_all(self, hashes_: tuple[bytes, ...]) -> list[bytes]:
        try:
            try:
                return [self._sign(one) for one in hashes_]
            except LOST:
                self._close()
                self._open()
                return [self._sign(one) for one in hashes_]
        except (*LOST, ConfigurationError) as error:
            raise UpstreamUnavailable(f"{SERVICE} is lost: {type(error).__name__}", code="signing.device", service=SERVICE) from error
        except PKCS11Error as error:
            raise SigningFailed(f"{SERVICE} refuses: {type(error).__name__}", code="signing.device_refused") from error

    def _sign(self, digest: bytes) -> bytes:
        if self.mechanism is Mechanism.ECDSA_SHA256:
            return bytes(encode_ecdsa_signature(self._key.sign(digest, mechanism=DeviceMechanism.ECDSA)))
        if self.mechanism is Mechanism.RSA_PSS_SHA256:
            parameters = (DeviceMechanism.SHA256, MGF.SHA256, SHA256_BYTES)
            return bytes(self._key.sign(digest, mechanism=DeviceMechanism.RSA_PKCS_PSS, mechanism_param=parameters))
        return bytes(self._key.sign(SHA256_DIGEST_INFO + digest, mechanism=DeviceMechanism.RSA_PKCS))

    def _close(self) -> None:
        session = getattr(self, "_session", None)
        if session is not None:
            try:
                session.close()
            except PKCS11Error:
                return  # the device took it away already

    def _find_token(self) -> pkcs11.Token:
        try:
            library = pkcs11.lib(str(self._access.module))
        except (PKCS11Error, RuntimeError, OSError) as error:
            raise _unusable(f"module {self._access.module.name} does not load", code="configuration.pkcs11_module") from error
        try:
            if self._access.slot is not None:
                slot = next((one for one in library.get_slots(token_present=True) if one.slot_id == self._access.slot), None)
                if slot is None:
                    raise _unusable("no token in that slot", code="configuration.pkcs11_token")
                return slot.get_token()
            return library.get_token(token_label=self._access.token) if self._access.token else library.get_token()
        except (NoSuchToken, MultipleTokensReturned, TokenNotPresent, TokenNotRecognised) as error:
            raise _unusable(f"not exactly one token: {type(error).__name__}", code="configuration.pkcs11_token") from error
        except PKCS11Error as error:
            raise _unusable(f"the device does not answer: {type(error).__name__}", code="configuration.pkcs11_token") from error

    def _find_key(self, session: pkcs11.Session) -> SignMixin:
        kind = KeyType.RSA if isinstance(self._public_key, rsa.RSAPublicKey) else KeyType.EC
        try:
            key = session.get_key(ObjectClass.PRIVATE_KEY, kind, self._access.key_label)
        except (NoSuchKey, MultipleObjectsReturned) as error:
            raise _unusable(
                f"not exactly one private key of that label: {type(error).__name__}", code="configuration.pkcs11_key"
            ) from error
        if not isinstance(key, SignMixin):
            raise _unusable("the private key of that label does not sign", code="configuration.pkcs11_key")
        return key

    def _find_certificate(self, session: pkcs11.Session) -> tuple[x509.Certificate, tuple[x509.Certificate, ...]]:
        if self._access.certificates:
            return self._access.certificates[0], self._access.certificates[1:]
        wanted = {Attribute.CLASS: ObjectClass.CERTIFICATE, Attribute.LABEL: self._access.key_label}
        try:
            found = [x509.load_der_x509_certificate(one[Attribute.VALUE]) for one in session.get_objects(wanted)]
        except (PKCS11Error, ValueError) as error:
            raise _unusable("the device's certificate cannot be read", code="configuration.pkcs11_certificate") from error
        if len(found) != 1:
            raise _unusable(f"{len(found)} certificates of that label in the device", code="configuration.pkcs11_certificate")
        return found[0], ()


def _logged_in(token: pkcs11.Token, pin: str) -> pkcs11.Session:
    try:
        try:
            return token.open(user_pin=pin)
        except UserAlreadyLoggedIn:  # by another session of this process
            return token.open()
    except WRONG_PIN as error:
        raise _unusable(f"the device refuses the PIN: {type(error).__name__}", code="configuration.pkcs11_pin") from error
    except PKCS11Error as error:
        raise _unusable(f"the token cannot be opened: {type(error).__name__}", code="configuration.pkcs11_token") from error


def _unusable(message: str, *, code: str) -> ConfigurationError:
    return ConfigurationError(message, code=code)
