"""The embedded time-stamp authority (RFC 3161), built by hand-made DER: about 0.2 ms a token."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime

from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from conventions.errors import InputRefused
from signing.der import (
    GENERALIZED_TIME,
    NULL,
    render_explicit,
    render_integer,
    render_octets,
    render_oid,
    render_sequence,
    render_set_of,
    render_tlv,
)
from signing.pki.policies import TIMESTAMP_POLICY

ACCEPTED_DIGESTS = {"sha256": 32, "sha384": 48, "sha512": 64}
MAX_REQUEST_BYTES = 2_048
ACCURACY_SECONDS = 1
SERIAL_BITS = 64

SHA256_ALGORITHM = render_sequence(render_oid("2.16.840.1.101.3.4.2.1"))
ECDSA_SHA256_ALGORITHM = render_sequence(render_oid("1.2.840.10045.4.3.2"))
SIGNED_DATA = render_oid("1.2.840.113549.1.7.2")
CONTENT_TYPE = render_oid("1.2.840.113549.1.9.3")
MESSAGE_DIGEST = render_oid("1.2.840.113549.1.9.4")
SIGNING_CERTIFICATE_V2 = render_oid("1.2.840.113549.1.9.16.2.47")
TST_INFO = render_oid("1.2.840.113549.1.9.16.1.4")


class TimestampAuthority:
    """A time-stamping unit: P-256 key, its certificate, and its CA's for who asks for certificates."""

    def __init__(
        self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate, ca: x509.Certificate, policy: str = TIMESTAMP_POLICY
    ) -> None:
        der = certificate.public_bytes(serialization.Encoding.DER)
        self._key = key
        self._policy = policy
        self._policy_der = render_oid(policy)
        self._signer_id = render_sequence(certificate.issuer.public_bytes(), render_integer(certificate.serial_number))
        self._certificates = render_explicit(0, *sorted([der, ca.public_bytes(serialization.Encoding.DER)]))
        self._content_type = render_sequence(CONTENT_TYPE, render_set_of(TST_INFO))
        digest = render_octets(hashlib.sha256(der).digest())
        self._signing_certificate = render_sequence(
            SIGNING_CERTIFICATE_V2, render_set_of(render_sequence(render_sequence(render_sequence(digest))))
        )

    def render_response(self, request: bytes, now: datetime) -> bytes:
        """Answer a TimeStampReq with a granted TimeStampResp, both DER; ``genTime`` has whole seconds.

        Raises:
            InputRefused: not a request, an imprint that is not SHA-2, another policy asked for.
        """
        imprint, nonce, wants_certificates = self._parse(request)
        gen_time = now.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode()
        info = render_sequence(
            render_integer(1),
            self._policy_der,
            imprint,
            render_integer(secrets.randbits(SERIAL_BITS)),
            render_tlv(GENERALIZED_TIME, gen_time),
            render_sequence(render_integer(ACCURACY_SECONDS)),
            nonce,
        )
        attributes = sorted(
            [
                self._content_type,
                render_sequence(MESSAGE_DIGEST, render_set_of(render_octets(hashlib.sha256(info).digest()))),
                self._signing_certificate,
            ]
        )
        signature = self._key.sign(render_set_of(*attributes), ec.ECDSA(hashes.SHA256()))
        signer = render_sequence(
            render_integer(1),
            self._signer_id,
            SHA256_ALGORITHM,
            render_explicit(0, *attributes),
            ECDSA_SHA256_ALGORITHM,
            render_octets(signature),
        )
        signed_data = render_sequence(
            render_integer(3),
            render_set_of(SHA256_ALGORITHM),
            render_sequence(TST_INFO, render_explicit(0, render_octets(info))),
            self._certificates if wants_certificates else b"",
            render_set_of(signer),
        )
        token = render_sequence(SIGNED_DATA, render_explicit(0, signed_data))
        return render_sequence(render_sequence(render_integer(0)), token)

    def _parse(self, request: bytes) -> tuple[bytes, bytes, bool]:
        """Return the imprint's DER, the nonce's DER (empty without one) and whether certificates are wanted."""
        if len(request) > MAX_REQUEST_BYTES:
            raise InputRefused("time-stamp request too large", code="pki.timestamp_request")
        try:
            parsed = tsp.TimeStampReq.load(request, strict=True)
            imprint = parsed["message_imprint"]
            algorithm = imprint["hash_algorithm"]["algorithm"].native
            size_bytes = len(imprint["hashed_message"].native)
            policy = parsed["req_policy"].native
            nonce = parsed["nonce"].dump() if parsed["nonce"].native is not None else b""
            wants_certificates = bool(parsed["cert_req"].native)
            imprint_der: bytes = imprint.dump()
        except (ValueError, TypeError, KeyError) as error:
            raise InputRefused("not a time-stamp request", code="pki.timestamp_request") from error
        if ACCEPTED_DIGESTS.get(algorithm) != size_bytes:
            raise InputRefused("time-stamp request with an imprint that is not SHA-2", code="pki.timestamp_request")
        if policy not in (None, self._policy):
            raise InputRefused("time-stamp request for another policy", code="pki.timestamp_request")
        return imprint_der, nonce, wants_certificates


SHA256_WITH_NULL = render_sequence(render_oid("2.16.840.1.101.3.4.2.1"), render_tlv(NULL))
"""AlgorithmIdentifier of imprints as most clients write it."""
