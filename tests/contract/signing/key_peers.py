"""Where keys may be: a SoftHSM token, Certomancer's CSC server, and a CSC server of version 2 that does what a test tells it."""

from __future__ import annotations

import asyncio
import base64
import os
import secrets
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pkcs11
from aiohttp import web
from asn1crypto import keys
from certomancer.registry import CertomancerConfig
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from csc_dummy.csc_dummy_server import CSCWithCertomancer, DummyServiceParams
from pkcs11 import Attribute, CertificateType, KeyType, ObjectClass
from pkcs11.util.ec import encode_named_curve_parameters
from pkcs11.util.rsa import encode_rsa_public_key

from conventions.signatures import SignerIdentity
from signing.keys import PSS, PrivateKey, PublicKey
from signing.pkcs11 import Pkcs11Access
from signing.pki.certificates import SignerSubject, issue_signer
from signing.pki.directory import open_pki
from signing.pki.policies import SYNDICATE_POLICY
from signing.pki.register import Register
from tests.contract.signing.serving import serving
from tests.tools import softhsm_library
from tests.unit.signing.material import VICE_PRESIDENT

TOKEN, PIN, SECURITY_OFFICER_PIN = "contreseing", "271828", "31415926"
YEAR = timedelta(days=365)
IN_DEVICE = ("p256", "p384", "rsa2048")
CURVES: dict[str, tuple[str, ec.EllipticCurve]] = {"p256": ("secp256r1", ec.SECP256R1()), "p384": ("secp384r1", ec.SECP384R1())}


def certify(folder: Path, key: PublicKey, signer: SignerIdentity = VICE_PRESIDENT) -> x509.Certificate:
    """Have a lasting key certified by the syndicate's CA of a folder, as an operator would by hand."""
    pki, person, now = open_pki(folder), signer.person, datetime.now(UTC)
    subject = SignerSubject(signer.organisation, signer.siren, person.given_name, person.family_name, "device")
    certificate = issue_signer(pki.syndicate, key, subject, SYNDICATE_POLICY, pki.base_url, now, YEAR)
    register = Register(folder / "register.sqlite")
    register.record("syndicate", certificate, "device", now)
    register.close()
    return certificate


@dataclass
class SoftHsm:
    """A token of SoftHSM; its library reads its configuration once a process, so there is one for all tests."""

    folder: Path

    def __post_init__(self) -> None:
        (self.folder / "tokens").mkdir()
        configuration = self.folder / "softhsm2.conf"
        configuration.write_text(f"directories.tokendir = {self.folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n")
        os.environ["SOFTHSM2_CONF"] = str(configuration)
        for label in (TOKEN, "another"):
            command = ["softhsm2-util", "--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", SECURITY_OFFICER_PIN]
            subprocess.run(command, check=True, capture_output=True)

    @property
    def module(self) -> Path:
        library = softhsm_library()
        assert library is not None
        return library

    def add_key(self, label: str, kind: str) -> PublicKey:
        """Make a key pair inside the token: ``p256``, ``p384`` or ``rsa2048``."""
        with self._session() as session:
            if kind == "rsa2048":
                public, _ = session.generate_keypair(KeyType.RSA, 2_048, store=True, label=label)
                return parse_pkcs1(encode_rsa_public_key(public))
            name, curve = CURVES[kind]
            template = {Attribute.EC_PARAMS: encode_named_curve_parameters(name)}
            parameters = session.create_domain_parameters(KeyType.EC, template, local=True)
            public, _ = parameters.generate_keypair(store=True, label=label)
            point = public[Attribute.EC_POINT]
            return ec.EllipticCurvePublicKey.from_encoded_point(curve, point[-(1 + 2 * (curve.key_size // 8)) :])

    def add_certificate(self, label: str, certificate: x509.Certificate) -> None:
        """Put a certificate beside its key."""
        with self._session() as session:
            session.create_object(
                {
                    Attribute.CLASS: ObjectClass.CERTIFICATE,
                    Attribute.CERTIFICATE_TYPE: CertificateType.X_509,
                    Attribute.TOKEN: True,
                    Attribute.LABEL: label,
                    Attribute.SUBJECT: certificate.subject.public_bytes(),
                    Attribute.VALUE: certificate.public_bytes(serialization.Encoding.DER),
                }
            )

    def access(self, label: str, **changes: Any) -> Pkcs11Access:  # noqa: ANN401 any of its fields
        """Say where a key is, with one thing changed or none."""
        return Pkcs11Access(**{"module": self.module, "key_label": label, "pin": PIN, "token": TOKEN, **changes})

    @contextmanager
    def _session(self) -> Iterator[pkcs11.Session]:
        session = pkcs11.lib(str(self.module)).get_token(token_label=TOKEN).open(rw=True, user_pin=PIN)
        try:
            yield session
        finally:
            session.close()


def parse_pkcs1(der: bytes) -> rsa.RSAPublicKey:
    """Read an RSAPublicKey (RFC 8017, A.1.1)."""
    read = keys.RSAPublicKey.load(der).native
    return rsa.RSAPublicNumbers(read["public_exponent"], read["modulus"]).public_key()


CERTOMANCER = """
external-url-prefix: http://certomancer.invalid
keysets:
  keys:
    path-prefix: .
    keys:
      root: {path: root.pem}
      p256: {path: p256.pem}
      rsa2048: {path: rsa2048.pem}
pki-architectures:
  remote:
    keyset: keys
    entity-defaults: {country-name: FR, organization-name: Prestataire fictif}
    entities:
      root: {common-name: Racine}
      p256: {common-name: Signataire P-256}
      rsa2048: {common-name: Signataire RSA}
    certs:
      root: {subject: root, issuer: root, validity: {valid-from: "2020-01-01T00:00:00+0000", valid-to: "2060-01-01T00:00:00+0000"}}
      p256: {subject: p256, issuer: root, validity: {valid-from: "2020-01-01T00:00:00+0000", valid-to: "2060-01-01T00:00:00+0000"}}
      rsa2048: {subject: rsa2048, issuer: root, validity: {valid-from: "2020-01-01T00:00:00+0000", valid-to: "2060-01-01T00:00:00+0000"}}
"""
AT_ONCE = 10


@contextmanager
def certomancer(folder: Path) -> Iterator[str]:
    """Serve Certomancer's CSC API 1.0.4, hash pinning and ten hashes at once; gives its address."""
    made: dict[str, PrivateKey] = {
        "root": ec.generate_private_key(ec.SECP256R1()),
        "p256": ec.generate_private_key(ec.SECP256R1()),
        "rsa2048": rsa.generate_private_key(65_537, 2_048),
    }
    for name, key in made.items():
        (folder / f"{name}.pem").write_bytes(render_key(key))
    (folder / "certomancer.yml").write_text(CERTOMANCER)
    configuration = CertomancerConfig.from_file(str(folder / "certomancer.yml"), key_search_dir=str(folder))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", web.NotAppKeyWarning)  # its keys are plain words
        server = CSCWithCertomancer(configuration, service_params=DummyServiceParams(hash_pinning_required=True, multisign=AT_ONCE))
    server.register_routes()
    with serving(server.app) as address:
        yield address


def render_key(key: PrivateKey) -> bytes:
    """Serialise a private key, PEM, not encrypted."""
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


@dataclass
class CscServer:
    """A CSC server of version 2 over one key: bearer token, PIN, hashes bound to the authorisation, expiry; ``fault`` breaks it."""

    key: PrivateKey
    chain: list[x509.Certificate]
    at_once: int = 100
    pin: str = PIN
    token: str = "bearer"
    expires_in: float = 300.0
    fault: str = ""
    description: dict[str, Any] = field(default_factory=dict)
    authorised: dict[str, tuple[list[str], float]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    most_authorised: int = 0

    def application(self) -> web.Application:
        application = web.Application()
        for path, handler in (
            ("credentials/info", self._info),
            ("credentials/authorize", self._authorise),
            ("signatures/signHash", self._sign),
        ):
            application.router.add_post(f"/csc/v2/{path}", handler)
        return application

    async def _read(self, request: web.Request) -> dict[str, Any]:
        name = request.path.rpartition("/")[2]
        self.counts[name] = self.counts.get(name, 0) + 1
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            raise web.HTTPUnauthorized
        asked: dict[str, Any] = await request.json()
        return asked

    async def _info(self, request: web.Request) -> web.Response:
        await self._read(request)
        algorithm = "1.2.840.10045.4.3.2" if isinstance(self.key, ec.EllipticCurvePrivateKey) else "1.2.840.113549.1.1.10"
        certificates = [base64.b64encode(one.public_bytes(serialization.Encoding.DER)).decode() for one in self.chain]
        told = {
            "key": {"status": "enabled", "algo": [algorithm], "len": self.key.key_size},
            "cert": {"status": "valid", "certificates": certificates},
            "auth": {"mode": "explicit", "objects": [{"type": "Password", "id": "PIN"}]},
            "SCAL": "2",
            "multisign": self.at_once,
        }
        return web.json_response({**told, **self.description})

    async def _authorise(self, request: web.Request) -> web.Response:
        asked = await self._read(request)
        await asyncio.sleep(0.02)  # while others ask
        if asked["authData"] != [{"id": "PIN", "value": self.pin}]:
            return web.json_response({"error": "invalid_pin", "error_description": "The PIN is invalid"}, status=400)
        if len(asked["hashes"]) > self.at_once or asked["numSignatures"] != len(asked["hashes"]):
            return web.json_response({"error": "invalid_request"}, status=400)
        sad = secrets.token_urlsafe(12)
        self.authorised[sad] = (asked["hashes"], asyncio.get_running_loop().time() + self.expires_in)
        self.most_authorised = max(self.most_authorised, len(self.authorised))
        return web.json_response({"SAD": sad, "expiresIn": self.expires_in})

    async def _sign(self, request: web.Request) -> web.Response:
        asked = await self._read(request)
        fault, self.fault = self.fault, "" if self.fault.startswith("once ") else self.fault
        match fault.removeprefix("once "):
            case "expired":
                return web.json_response({"error": "invalid_request", "error_description": "The SAD has expired"}, status=400)
            case "busy":
                return web.json_response({}, status=429)
            case "down":
                return web.json_response({}, status=503)
            case "html":
                return web.Response(text="<!doctype html>", content_type="text/html")
            case "list":
                return web.json_response([])
            case "empty":
                return web.json_response({})
            case "refusal":
                return web.Response(text="no", status=403)
        hashes_, until = self.authorised.pop(asked["SAD"], ([], 0.0))
        if hashes_ != asked["hashes"] or asyncio.get_running_loop().time() > until:
            return web.json_response({"error": "invalid_request", "error_description": "Invalid parameter SAD"}, status=400)
        made = [self._signature(base64.b64decode(one)) for one in hashes_]
        if fault == "fewer":
            made = made[:-1]
        if fault == "shuffled":
            made.reverse()
        return web.json_response({"signatures": [base64.b64encode(one).decode() for one in made]})

    def _signature(self, digest: bytes) -> bytes:
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(digest, PSS, Prehashed(hashes.SHA256()))
        return self.key.sign(digest, ec.ECDSA(Prehashed(hashes.SHA256())))
