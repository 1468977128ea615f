"""Anchors as people keep them: files of one or several certificates, PEM or DER."""

from __future__ import annotations

from collections.abc import Iterable

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from conventions.errors import ConfigurationError
from signing.chains import CERTIFICATE_ERRORS, parse_certificates

PEM_MARK = b"-----BEGIN"


def as_pem(data: bytes) -> bytes:
    """Return a certificate file as PEM.

    Raises:
        ConfigurationError: not a certificate.
    """
    if PEM_MARK in data:
        return data
    try:
        return x509.load_der_x509_certificate(data).public_bytes(serialization.Encoding.PEM)
    except CERTIFICATE_ERRORS as error:
        raise ConfigurationError("not a certificate", code="configuration.trust") from error


def anchors_pem(files: Iterable[bytes]) -> list[bytes]:
    """Read anchors and return each as PEM.

    Raises:
        ConfigurationError: a file that holds no certificate.
    """
    return [one.public_bytes(serialization.Encoding.PEM) for data in files for one in parse_certificates(as_pem(data))]
