"""Builds the signing adapter; apart, because its libraries take long to load."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cryptography import x509

from contreseing.clock import SystemClock
from contreseing.judging import build_qualifier, build_third_reader
from contreseing.settings import Settings, text_of
from contreseing.stamping import former_pkis, read_anchors_of
from conventions.errors import ConfigurationError
from conventions.ports.documents import StampText
from signing.adapter import PadesSigning
from signing.chains import parse_certificates
from signing.csc import CscAccess, CscVersion
from signing.pkcs11 import Pkcs11Access
from signing.pki.directory import read_anchors
from signing.pki.policies import SYNDICATE_POLICY
from signing.pki_client import PkiTokens
from signing.signatories import LastingKey, check_level

ONE_SHOT, PKCS11 = "one_shot", "pkcs11"


def build_signing(settings: Settings, clock: SystemClock, render_stamp: Callable[[StampText, float, float], bytes]) -> PadesSigning:
    """Build the port ``signing``.

    Raises:
        ConfigurationError: an anchor lacks, or is unreadable; a former PKI does not say its end; a key lacks a setting, cannot sign, or not
            at the level asked for.
    """
    check_level(settings.member_level, None)
    if settings.signatory_key == ONE_SHOT:
        check_level(settings.signatory_level, None)
    return PadesSigning(
        pki_url=settings.pki_url,
        tokens=PkiTokens(
            portal=text_of(settings.pki_portal_token) or "",
            flows=text_of(settings.pki_flows_token) or "",
            desk=text_of(settings.pki_desk_token) or "",
            proofs=text_of(settings.pki_proofs_token) or "",
        ),
        anchors_pem=read_anchors(settings.pki_anchors_dir),
        tsa_urls=settings.timestamp_urls,
        tsa_policies=frozenset(settings.tsa_policies.split()),
        tsa_in_flight=settings.tsa_in_flight,
        lasting_key=lasting_key(settings),
        upload_anchors_pem=read_anchors_of(settings.upload_anchors_dir),
        tsa_anchors_pem=read_anchors_of(settings.tsa_anchors_dir),
        former=former_pkis(settings, clock),
        upload_without_siren=settings.upload_without_siren != "refuse",
        render_stamp=render_stamp,
        clock=clock,
        qualifier=build_qualifier(settings, clock),
        third_reader=build_third_reader(settings.dss_url, settings, clock) if settings.dss_url is not None else None,
    )


def lasting_key(settings: Settings) -> LastingKey | None:
    """Say where the Vice-President's lasting key is; None for one-shot keys. Without PIN or token, this process only validates.

    Raises:
        ConfigurationError: a setting of that key lacks, or a certificate cannot be read.
    """
    if settings.signatory_key == ONE_SHOT:
        return None
    ca, *above = _certificates(settings.signatory_ca) or (None,)
    access = _pkcs11(settings) if settings.signatory_key == PKCS11 else _csc(settings)
    asked, policy = settings.signatory_level, settings.signatory_policy or SYNDICATE_POLICY
    return LastingKey(access, asked, ca, tuple(one for one in above if one is not None), policy)


def _pkcs11(settings: Settings) -> Pkcs11Access | None:
    if settings.pkcs11_pin is None:
        return None
    if settings.pkcs11_module is None or settings.pkcs11_key is None:
        raise _lacking("PKCS11_MODULE, PKCS11_KEY")
    return Pkcs11Access(
        settings.pkcs11_module,
        settings.pkcs11_key,
        settings.pkcs11_pin.get_secret_value(),
        settings.pkcs11_token,
        settings.pkcs11_slot,
        _certificates(settings.signatory_certificate),
    )


def _csc(settings: Settings) -> CscAccess | None:
    if settings.csc_token is None:
        return None
    if settings.csc_url is None or settings.csc_credential is None:
        raise _lacking("CSC_URL, CSC_CREDENTIAL")
    version, pin = CscVersion(settings.csc_version), text_of(settings.csc_pin) or ""
    return CscAccess(settings.csc_url, version, settings.csc_credential, settings.csc_token.get_secret_value(), pin)


def _certificates(path: Path | None) -> tuple[x509.Certificate, ...]:
    if path is None:
        return ()
    try:
        return parse_certificates(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"{path.name} cannot be read", code="configuration.trust") from error


def _lacking(keys: str) -> ConfigurationError:
    return ConfigurationError(f"the signatory's key needs {keys}", code="configuration.signatory", keys=keys)
