"""Signing and stamping files by hand: no settings, no database; anchors, authorities and a key are given.

Nothing is signed in place: what comes out is another file, complete at B-LTA or not there at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from conventions.errors import ConfigurationError, ContreseingError, SigningFailed
from conventions.ports.system import Clock
from conventions.preservation import RestampedFile
from conventions.signatures import SignedFile
from signing.authorities import IN_FLIGHT, Counters, TimestampAuthorities
from signing.csc import CscAccess, CscKey
from signing.engine import Engine, Session, Task
from signing.gathering import Gatherer
from signing.keys import HashSigner, HeldKey
from signing.outside import HttpTimeouts, Outside
from signing.pkcs11 import Pkcs11Access, Pkcs11Key
from signing.restamping import Restamper
from signing.timestamping import TokenRules
from signing.trust_files import NO_ENDS, Ends, as_pem, store_of
from signing.validation import PyhankoReader

CHUNK = 16
"""Files in memory, and those that a stop in the middle may leave to be stamped again."""


@dataclass(frozen=True)
class FileToSign:
    """A file by the name its outcome is told under; ``read`` gives its bytes when its turn comes."""

    name: str
    read: Callable[[], bytes]


Outcome = tuple[str, SignedFile | ContreseingError]


class HandSigning:
    """Signs and stamps under given anchors, by given authorities; ``close`` ends its connections."""

    def __init__(
        self,
        trust: Sequence[bytes],
        tsa_urls: Sequence[str],
        clock: Clock,
        *,
        timeouts: HttpTimeouts | None = None,
        in_flight: int = IN_FLIGHT,
        tsa_policies: frozenset[str] = frozenset(),
        ends: Ends = NO_ENDS,
    ) -> None:
        """Prepare; nothing is asked of anybody yet. ``trust``: anchors, PEM (one or several each) or DER, with their ends.

        Raises:
            ConfigurationError: no anchor, one that cannot be read, or no authority.
        """
        store = store_of(b"\n".join(as_pem(data) for data in trust), ends)
        self._outside = Outside(timeouts or HttpTimeouts())
        rules, gatherer = TokenRules(store, tsa_policies), Gatherer(self._outside, store, clock)
        self._authorities = TimestampAuthorities.at(tsa_urls, self._outside, rules, clock, in_flight=in_flight)
        self._engine = Engine(self._authorities, gatherer, clock)
        self._restamper = Restamper(self._engine, PyhankoReader(store, {}, gatherer), clock)

    def close(self) -> None:
        """End the connections."""
        self._outside.close()

    def open_key(self, access: Pkcs11Access | CscAccess) -> HashSigner:
        """Open a key in a device or at a provider.

        Raises:
            ConfigurationError, UpstreamUnavailable.
        """
        return Pkcs11Key(access) if isinstance(access, Pkcs11Access) else self._outside.run(CscKey.open(access, self._outside))

    def counters(self) -> dict[str, Counters]:
        """Return what each authority was asked and gave."""
        return self._authorities.counters()

    def sign(self, key: HashSigner, files: Sequence[FileToSign], field: str, reason: str) -> Iterator[Outcome]:
        """Sign one field of each file, which must have it and have it empty; yield each outcome as its chunk is complete.

        Raises:
            UpstreamUnavailable, SigningFailed: the key's certificate cannot be proved; nothing was signed.
        """
        session = self._outside.run(self._engine.open_session(key))
        for start in range(0, len(files), CHUNK):
            yield from self._sign_chunk(session, files[start : start + CHUNK], field, reason)

    def _sign_chunk(self, session: Session, files: Sequence[FileToSign], field: str, reason: str) -> list[Outcome]:
        read = [(one.name, _read(one)) for one in files]
        tasks = [Task(data, field, reason, lambda _at: None) for _, data in read if isinstance(data, bytes)]
        signed = iter(self._outside.run(self._engine.sign_all(session, tasks)))
        return [(name, next(signed) if isinstance(data, bytes) else data) for name, data in read]

    def restamp(self, data: bytes) -> RestampedFile:
        """Add an archive time-stamp to a file that is valid as it is.

        Raises:
            VerificationFailed, UpstreamUnavailable, SigningFailed: nothing was made.
        """
        return self._outside.run(self._restamper.restamp(data))


def parse_key_file(data: bytes, passphrase: str) -> HeldKey:
    """Read a PKCS#12 file: a private key, its certificate, those above it.

    Raises:
        ConfigurationError: ``configuration.key_file`` or ``configuration.key_kind``.
    """
    try:
        key, certificate, others = pkcs12.load_key_and_certificates(data, passphrase.encode() or None)
    except ValueError as error:
        raise ConfigurationError("not a PKCS#12 file, or another passphrase", code="configuration.key_file") from error
    if certificate is None or key is None:
        raise ConfigurationError("the PKCS#12 file holds no key with its certificate", code="configuration.key_file")
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise ConfigurationError("a key that is neither elliptic curve nor RSA", code="configuration.key_kind")
    return HeldKey(key, certificate, tuple(others))


def _read(file: FileToSign) -> bytes | ContreseingError:
    try:
        return file.read()
    except OSError as error:
        return SigningFailed(f"{file.name} cannot be read: {type(error).__name__}", code="signing.file")
