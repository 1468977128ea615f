"""The embedded PKI as an HTTP service: time-stamps, OCSP, CRLs, and issuance against bearer tokens.

    python -m contreseing.embedded.pki_service init --dir D --base-url http://127.0.0.1:8318
    python -m contreseing.embedded.pki_service --dir D --host 127.0.0.1 --port 8318

Public: ``POST /tsa`` and ``/tsa2`` (two units: what rests on time alone is stamped by both), ``POST /ocsp/<ca>``,
``GET /ocsp/<ca>/<request>``, ``GET /crl/<ca>.crl``, ``GET /ca/<ca>.cer``, ``GET /health``.
With a token: ``POST /issue/member`` (the portal's), ``POST /issue/syndicate`` (the flows', and a sealed ceremony that is
checked here), ``POST /seal`` (the desk's), ``POST /seal/proofs`` (theirs who make evidence; its certificate is public:
``GET /seal/proofs.cer``). A private key never travels: issuance takes a certification request.

With ``--former`` it only tells the state of what it certified (OCSP, CRLs, CA certificates): another PKI came after it.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hmac
import json
import re
import sys
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from conventions.errors import ConfigurationError, ContreseingError, InputRefused, RuleRefused, VerificationFailed
from conventions.signatures import SealedManifest
from conventions.siret import parse_siren
from signing.chains import TrustStore, parse_certificates
from signing.cms import CmsBuilder, Mechanism
from signing.pki import policies
from signing.pki.certificates import Authority, SignerSubject, issue_signer
from signing.pki.directory import Pki, ensure_pki, open_pki
from signing.pki.key_files import read_passphrase
from signing.pki.register import Register
from signing.pki.revocation import parse_ocsp_request, render_crl, render_ocsp_response
from signing.sealed import verify_listed, verify_sealed_manifest
from signing.timestamping import TokenRules
from signing.trust_files import anchors_pem

MAX_BODY_BYTES = 32_000_000
"""A ceremony of 40,000 documents makes a manifest of some 10 MB."""
CRL_KEPT_FOR = timedelta(minutes=5)
REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
MAX_NAME_CHARACTERS = 200
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class PkiService:
    """The handlers over one opened PKI."""

    def __init__(self, pki: Pki, register: Register, extra_anchors: tuple[x509.Certificate, ...] = ()) -> None:
        self._pki = pki
        self._register = register
        anchors = (pki.root.certificate, pki.members.certificate, pki.syndicate.certificate, *extra_anchors)
        self._token_rules = TokenRules(TrustStore(anchors))
        self._crls: dict[str, tuple[datetime, bytes]] = {}
        seal_key, seal = pki.seal
        self._seal_key = seal_key
        self._seal = CmsBuilder(seal, (pki.syndicate.certificate,), Mechanism.ECDSA_SHA256)

    def application(self, *, is_former: bool = False) -> web.Application:
        """Return the aiohttp application; a former PKI's tells states, and certifies, seals and stamps nothing."""
        application = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[_errors_to_answers])
        application.add_routes(
            [
                web.get("/health", self.health),
                web.post("/ocsp/{ca}", self.ocsp),
                web.get("/ocsp/{ca}/{request:.+}", self.ocsp),
                web.get("/crl/{ca}.crl", self.crl),
                web.get("/ca/{ca}.cer", self.ca_certificate),
            ]
        )
        if not is_former:
            application.add_routes(self._makings())
        return application

    def _makings(self) -> Iterable[web.RouteDef]:
        return (
            web.post("/tsa", self.timestamp),
            web.post("/tsa2", self.second_timestamp),
            web.post("/issue/member", self.issue_member),
            web.post("/issue/syndicate", self.issue_syndicate),
            web.post("/seal", self.seal),
            web.get("/seal/proofs.cer", self.proof_seal_certificate),
            web.post("/seal/proofs", self.seal_proofs),
        )

    async def health(self, _request: web.Request) -> web.Response:
        """Say that the service answers and for which address it was made."""
        return web.json_response({"status": "ok", "base_url": self._pki.base_url})

    async def timestamp(self, request: web.Request) -> web.Response:
        """Answer a TimeStampReq."""
        body = self._pki.timestamps.render_response(await request.read(), _now())
        return web.Response(body=body, content_type="application/timestamp-reply")

    async def second_timestamp(self, request: web.Request) -> web.Response:
        """Answer a TimeStampReq by the second unit."""
        body = self._pki.second_timestamps.render_response(await request.read(), _now())
        return web.Response(body=body, content_type="application/timestamp-reply")

    async def ocsp(self, request: web.Request) -> web.Response:
        """Answer an OCSP request, in the body or in the path (RFC 6960, A.1)."""
        responder = self._pki.responders.get(request.match_info["ca"])
        if responder is None:
            raise web.HTTPNotFound
        der = await request.read() if request.method == "POST" else _from_base64(request.match_info["request"])
        parsed = parse_ocsp_request(der)
        found = self._register.find(responder.ca.name, parsed.serial_number)
        body = render_ocsp_response(responder, parsed, found, _now())
        return web.Response(body=body, content_type="application/ocsp-response")

    async def crl(self, request: web.Request) -> web.Response:
        """Give a CA's revocation list."""
        ca = self._ca(request)
        now = _now()
        kept = self._crls.get(ca.name)
        if kept is None or now - kept[0] >= CRL_KEPT_FOR:
            kept = (now, render_crl(ca, self._register.revoked(ca.name), self._register.next_crl_number(ca.name), now))
            self._crls[ca.name] = kept
        return web.Response(body=kept[1], content_type="application/pkix-crl")

    async def ca_certificate(self, request: web.Request) -> web.Response:
        """Give a CA's certificate, DER."""
        body = self._ca(request).certificate.public_bytes(serialization.Encoding.DER)
        return web.Response(body=body, content_type="application/pkix-cert")

    async def issue_member(self, request: web.Request) -> web.Response:
        """Certify a member's one-shot key."""
        self._authorise(request, "portal")
        asked = _parse_json(await request.read())
        return self._issue(self._pki.members, policies.MEMBERS_POLICY, _parse_csr(asked), _parse_subject(asked))

    async def issue_syndicate(self, request: web.Request) -> web.Response:
        """Certify a one-shot key of the syndicate's signer, for a ceremony whose seal, age and items hold."""
        self._authorise(request, "flows")
        asked = _parse_json(await request.read())
        subject = _parse_subject(asked)
        sealed = SealedManifest(_parse_bytes(asked, "manifest"), _parse_bytes(asked, "cms"), _parse_bytes(asked, "timestamp"), _now())
        facts = verify_sealed_manifest(sealed, self._pki.seal[1], self._token_rules, _now())
        verify_listed(facts, _parse_items(asked))
        authorised = SignerSubject(facts.organisation, facts.siren, facts.given_name, facts.family_name, facts.ceremony)
        if subject != authorised:
            raise VerificationFailed("the ceremony authorises another person", code="manifest.person")
        return self._issue(self._pki.syndicate, policies.SYNDICATE_POLICY, _parse_csr(asked), subject)

    async def seal(self, request: web.Request) -> web.Response:
        """Seal the bytes of the body: detached CMS, DER."""
        self._authorise(request, "desk")
        digest = hashes.Hash(hashes.SHA256())
        digest.update(await request.read())
        document_digest = digest.finalize()
        signed_attributes = self._seal.render_signed_attributes(document_digest)
        signature = self._seal_key.sign(signed_attributes, ec.ECDSA(hashes.SHA256()))
        return web.Response(body=self._seal.render(document_digest, signature), content_type="application/cms")

    async def proof_seal_certificate(self, _request: web.Request) -> web.Response:
        """Give the certificate of the seal of proofs, DER."""
        body = self._pki.proof_seal[1].public_bytes(serialization.Encoding.DER)
        return web.Response(body=body, content_type="application/pkix-cert")

    async def seal_proofs(self, request: web.Request) -> web.Response:
        """Sign hashes with the seal of proofs: whatever they are of, no ceremony can be made of them."""
        self._authorise(request, "proofs")
        digests = _parse_digests(_parse_json(await request.read()))
        algorithm = ec.ECDSA(Prehashed(hashes.SHA256()))
        signatures = [self._pki.proof_seal[0].sign(digest, algorithm) for digest in digests]
        return web.json_response({"signatures": [base64.b64encode(one).decode("ascii") for one in signatures]})

    def _issue(self, ca: Authority, policy: str, key: ec.EllipticCurvePublicKey, subject: SignerSubject) -> web.Response:
        now = _now()
        certificate = issue_signer(ca, key, subject, policy, self._pki.base_url, now)
        self._register.record(ca.name, certificate, subject.reference, now)
        return web.Response(body=certificate.public_bytes(serialization.Encoding.DER), content_type="application/pkix-cert")

    def _ca(self, request: web.Request) -> Authority:
        ca = self._pki.authority(request.match_info["ca"])
        if ca is None:
            raise web.HTTPNotFound
        return ca

    def _authorise(self, request: web.Request, name: str) -> None:
        expected = f"Bearer {self._pki.tokens[name]}".encode()
        if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), expected):
            raise RuleRefused("no token, or not the one for this", code="pki.forbidden")


@web.middleware
async def _errors_to_answers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn our errors into answers: what is wrong, by its code; never what was sent."""
    try:
        return await handler(request)
    except RuleRefused as error:
        return _problem(error, 403)
    except VerificationFailed as error:
        return _problem(error, 409)
    except InputRefused as error:
        return _problem(error, 400)


def _problem(error: ContreseingError, status: int) -> web.Response:
    return web.json_response({"code": error.code, "detail": str(error)}, status=status)


def _now() -> datetime:
    return datetime.now(UTC)


def _parse_json(body: bytes) -> dict[str, object]:
    try:
        asked = json.loads(body)
    except ValueError as error:
        raise InputRefused("the body is not JSON", code="pki.request") from error
    if not isinstance(asked, dict):
        raise InputRefused("the body is not a JSON object", code="pki.request")
    return asked


def _parse_bytes(asked: dict[str, object], name: str) -> bytes:
    return _from_base64(str(asked.get(name, "")))


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise InputRefused("not base64", code="pki.request") from error


def _parse_csr(asked: dict[str, object]) -> ec.EllipticCurvePublicKey:
    """Read a certification request: P-256, signed by its own key; its subject is not looked at."""
    try:
        request = x509.load_der_x509_csr(_parse_bytes(asked, "csr"))
        proven = request.is_signature_valid
        key = request.public_key()
    except ValueError as error:
        raise InputRefused("not a certification request", code="pki.csr") from error
    if not proven or not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise InputRefused("a certification request must prove possession of a P-256 key", code="pki.csr")
    return key


def _parse_subject(asked: dict[str, object]) -> SignerSubject:
    subject = asked.get("subject")
    if not isinstance(subject, dict):
        raise InputRefused("no subject", code="pki.subject")
    texts = {name: subject.get(name) for name in ("organisation", "siren", "given_name", "family_name", "reference")}
    for name, text in texts.items():
        if not isinstance(text, str) or not 0 < len(text) <= MAX_NAME_CHARACTERS or not text.isprintable():
            raise InputRefused(f"subject without a usable {name}", code="pki.subject")
    read = SignerSubject(**{name: str(text) for name, text in texts.items()})
    if not REFERENCE.match(read.reference):
        raise InputRefused("subject without a usable reference", code="pki.subject")
    parse_siren(read.siren)
    return read


def _parse_digests(asked: dict[str, object]) -> list[bytes]:
    listed = asked.get("hashes")
    digests = [_from_base64(str(one)) for one in listed] if isinstance(listed, list) else []
    if not digests or any(len(digest) != hashes.SHA256.digest_size for digest in digests):
        raise InputRefused("hashes are SHA-256, in base64, one at least", code="pki.hashes")
    return digests


def _parse_items(asked: dict[str, object]) -> list[tuple[str, str]]:
    items = asked.get("items")
    try:
        pairs = [(str(reference), str(digest)) for reference, digest in items] if isinstance(items, list) else []
    except (TypeError, ValueError) as error:
        raise InputRefused("items are pairs of a reference and a digest", code="pki.items") from error
    if not pairs:
        raise InputRefused("no item", code="pki.items")
    return pairs


def build_application(
    folder: Path, extra_anchors: tuple[x509.Certificate, ...] = (), passphrase: str = "", *, is_former: bool = False
) -> web.Application:
    """Open the PKI of a folder and return its application.

    Raises:
        ConfigurationError: the folder holds no usable PKI.
    """
    return PkiService(open_pki(folder, passphrase), Register(folder / "register.sqlite"), extra_anchors).application(is_former=is_former)


def _anchors_at(path: Path) -> list[bytes]:
    try:
        return anchors_pem(one.read_bytes() for one in (sorted(path.iterdir()) if path.is_dir() else [path]))
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read", code="configuration.trust") from error


def main(arguments: list[str] | None = None) -> int:
    """Create the PKI (``init``) or serve it; exit code 2 on a configuration that cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m contreseing.embedded.pki_service")
    parser.add_argument("command", nargs="?", choices=("serve", "init"), default="serve")
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--base-url")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int)
    parser.add_argument("--passphrase-file", type=Path, help="what the private keys are encrypted under")
    parser.add_argument(
        "--trust", type=Path, action="append", default=[], help="anchors of other time-stamp authorities, PEM or DER: a file or a folder"
    )
    parser.add_argument("--former", action="store_true", help="tell the state of what was certified, and make nothing any more")
    asked = parser.parse_args(arguments)
    try:
        passphrase = read_passphrase(asked.passphrase_file)
        if asked.command == "init":
            if not asked.base_url:
                parser.error("init needs --base-url")
            ensure_pki(asked.dir, asked.base_url, _now(), passphrase=passphrase)
            return 0
        if asked.port is None:
            parser.error("--port is needed")
        anchors = tuple(anchor for path in asked.trust for pem in _anchors_at(path) for anchor in parse_certificates(pem))
        application = build_application(asked.dir, anchors, passphrase, is_former=asked.former)
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    try:
        web.run_app(application, host=asked.host, port=asked.port, access_log=None, print=None)
    except OSError:
        sys.stderr.write(f"port {asked.port} of {asked.host} is taken by another program\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
