"""The PKI over HTTP, as its clients and as strangers see it."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID

from conventions.canonical import sha256_hex
from conventions.signatures import SealedManifest
from signing.adapter import PadesSigning
from signing.chains import stated_policies
from signing.evidence import render_ocsp_request
from signing.keys import OneShotKey
from signing.pki.directory import open_pki
from signing.pki.policies import MEMBERS_POLICY, SYNDICATE_POLICY
from tests.contract.signing.running import RunningPki, free_port
from tests.unit.signing.material import MEMBER, VICE_PRESIDENT, manifest_of

SUBJECT = {
    "organisation": MEMBER.organisation,
    "siren": MEMBER.siren,
    "given_name": "Maëlle",
    "family_name": "Le Goff-Exemple",
    "reference": "2026-0014",
}
DIGEST = sha256_hex(b"member-signed")


@pytest.fixture(scope="module")
def http(pki: RunningPki) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=pki.address, trust_env=False) as client:
        yield client


@pytest.fixture(scope="module")
def sealed(signing: PadesSigning) -> SealedManifest:
    return signing.seal_manifest(manifest_of({"2026-0014": DIGEST}))


def csr() -> str:
    return base64.b64encode(OneShotKey().render_request()).decode()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def asked_of_the_syndicate(sealed: SealedManifest, **changes: object) -> dict[str, object]:
    person = VICE_PRESIDENT.person
    subject = {
        "organisation": VICE_PRESIDENT.organisation,
        "siren": VICE_PRESIDENT.siren,
        "given_name": person.given_name,
        "family_name": person.family_name,
        "reference": "c-0001",
    }
    parts = {name: base64.b64encode(getattr(sealed, name)).decode() for name in ("manifest", "cms", "timestamp")}
    return {"csr": csr(), "subject": subject, "items": [["2026-0014", DIGEST]], **parts, **changes}


def test_the_portal_has_members_certified(http: httpx.Client, pki: RunningPki) -> None:
    answer = http.post("/issue/member", json={"csr": csr(), "subject": SUBJECT}, headers=bearer(pki.tokens.portal))
    certificate = x509.load_der_x509_certificate(answer.content)
    assert answer.status_code == 200
    assert stated_policies(certificate) == {MEMBERS_POLICY}
    assert certificate.issuer == open_pki(pki.folder).members.certificate.subject


def test_long_names_of_bodies_are_kept_whole(http: httpx.Client, pki: RunningPki) -> None:
    subject = {**SUBJECT, "organisation": "Communauté d'agglomération " + "très longue " * 12}
    answer = http.post("/issue/member", json={"csr": csr(), "subject": subject}, headers=bearer(pki.tokens.portal))
    (organisation,) = x509.load_der_x509_certificate(answer.content).subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    assert organisation.value == subject["organisation"]


@pytest.mark.parametrize("holder", ["", "flows", "desk"])
def test_nobody_else_has_members_certified(http: httpx.Client, pki: RunningPki, holder: str) -> None:
    headers = bearer(getattr(pki.tokens, holder)) if holder else {}
    answer = http.post("/issue/member", json={"csr": csr(), "subject": SUBJECT}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "pki.forbidden")


@pytest.mark.parametrize("path", ["/issue/syndicate", "/seal"])
def test_the_portal_obtains_nothing_of_the_syndicates(http: httpx.Client, pki: RunningPki, sealed: SealedManifest, path: str) -> None:
    answer = http.post(path, json=asked_of_the_syndicate(sealed), headers=bearer(pki.tokens.portal))
    assert answer.status_code == 403


def other_csr(kind: str) -> str:
    key = rsa.generate_private_key(65_537, 2_048) if kind == "rsa" else ec.generate_private_key(ec.SECP384R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    return base64.b64encode(request.public_bytes(serialization.Encoding.DER)).decode()


def unproven_csr() -> str:
    der = bytearray(OneShotKey().render_request())
    der[-1] ^= 1
    return base64.b64encode(der).decode()


BAD_BODIES: dict[str, tuple[object, str]] = {
    "no JSON": (b"{", "pki.request"),
    "a list": ([], "pki.request"),
    "no subject": ({"csr": csr()}, "pki.subject"),
    "an empty name": ({"csr": csr(), "subject": {**SUBJECT, "family_name": ""}}, "pki.subject"),
    "a name that is no text": ({"csr": csr(), "subject": {**SUBJECT, "given_name": 3}}, "pki.subject"),
    "a name with a control character": ({"csr": csr(), "subject": {**SUBJECT, "given_name": "a\nb"}}, "pki.subject"),
    "a name of 300 characters": ({"csr": csr(), "subject": {**SUBJECT, "given_name": "a" * 300}}, "pki.subject"),
    "a reference with a slash": ({"csr": csr(), "subject": {**SUBJECT, "reference": "2026/14"}}, "pki.subject"),
    "no SIREN": ({"csr": csr(), "subject": {**SUBJECT, "siren": "123456789"}}, "siren.invalid"),
    "no request": ({"subject": SUBJECT}, "pki.csr"),
    "a request that is not base64": ({"csr": "%", "subject": SUBJECT}, "pki.request"),
    "a request of RSA": ({"csr": other_csr("rsa"), "subject": SUBJECT}, "pki.csr"),
    "a request of another curve": ({"csr": other_csr("p384"), "subject": SUBJECT}, "pki.csr"),
    "a request without proof of its key": ({"csr": unproven_csr(), "subject": SUBJECT}, "pki.csr"),
}


@pytest.mark.parametrize(("body", "code"), BAD_BODIES.values(), ids=BAD_BODIES.keys())
def test_a_bad_request_is_refused_by_its_code(http: httpx.Client, pki: RunningPki, body: object, code: str) -> None:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = http.post("/issue/member", content=data, headers=bearer(pki.tokens.portal))
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert "Maëlle" not in answer.text


def test_the_flows_have_the_ceremonys_person_certified(http: httpx.Client, pki: RunningPki, sealed: SealedManifest) -> None:
    answer = http.post("/issue/syndicate", json=asked_of_the_syndicate(sealed), headers=bearer(pki.tokens.flows))
    assert answer.status_code == 200, answer.text
    assert stated_policies(x509.load_der_x509_certificate(answer.content)) == {SYNDICATE_POLICY}


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"items": [["2026-0014", sha256_hex(b"another")]]}, 409, "manifest.not_listed"),
        ({"items": [["2026-0015", DIGEST]]}, 409, "manifest.not_listed"),
        ({"items": []}, 400, "pki.items"),
        ({"items": [["2026-0014"]]}, 400, "pki.items"),
        ({"subject": SUBJECT}, 409, "manifest.person"),
        ({"manifest": base64.b64encode(manifest_of({"2026-0014": DIGEST}, ceremony="c-0002")).decode()}, 409, "manifest.seal"),
        ({"cms": ""}, 409, "manifest.seal"),
        ({"timestamp": ""}, 409, "timestamp.unreadable"),
    ],
    ids=[
        "another digest",
        "another reference",
        "no item",
        "half an item",
        "another person",
        "another manifest",
        "no seal",
        "no time-stamp",
    ],
)
def test_a_ceremony_that_does_not_hold_gets_no_certificate(
    http: httpx.Client, pki: RunningPki, sealed: SealedManifest, changes: dict[str, object], status: int, code: str
) -> None:
    answer = http.post("/issue/syndicate", json=asked_of_the_syndicate(sealed, **changes), headers=bearer(pki.tokens.flows))
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_ceremony_of_another_reference_gets_no_certificate(http: httpx.Client, pki: RunningPki, sealed: SealedManifest) -> None:
    asked = asked_of_the_syndicate(sealed)
    asked["subject"] = {**dict(asked["subject"]), "reference": "c-9999"}  # type: ignore[call-overload]
    answer = http.post("/issue/syndicate", json=asked, headers=bearer(pki.tokens.flows))
    assert (answer.status_code, answer.json()["code"]) == (409, "manifest.person")


def test_ocsp_is_answered_in_the_body_and_in_the_path(http: httpx.Client, pki: RunningPki) -> None:
    opened = open_pki(pki.folder)
    request = render_ocsp_request(opened.seal[1], opened.syndicate.certificate)
    posted = http.post("/ocsp/syndicate", content=request)
    got = http.get("/ocsp/syndicate/" + base64.b64encode(request).decode().replace("/", "%2F").replace("+", "%2B"))
    for answer in (posted, got):
        assert ocsp.load_der_ocsp_response(answer.content).certificate_status is ocsp.OCSPCertStatus.GOOD
    stranger = http.post("/ocsp/syndicate", content=render_ocsp_request(opened.members.certificate, opened.root.certificate))
    assert ocsp.load_der_ocsp_response(stranger.content).response_status is ocsp.OCSPResponseStatus.UNAUTHORIZED


@pytest.mark.parametrize("name", ["root", "members", "syndicate"])
def test_lists_and_certificates_are_published(http: httpx.Client, pki: RunningPki, name: str) -> None:
    ca = open_pki(pki.folder).authority(name)
    assert ca is not None
    assert x509.load_der_x509_certificate(http.get(f"/ca/{name}.cer").content) == ca.certificate
    crl = x509.load_der_x509_crl(http.get(f"/crl/{name}.crl").content)
    assert crl.is_signature_valid(ca.key.public_key())
    assert http.get(f"/crl/{name}.crl").content == crl.public_bytes(serialization.Encoding.DER)


@pytest.mark.parametrize("path", ["/ocsp/other/AA==", "/crl/other.crl", "/ca/other.cer", "/", "/issue/member"])
def test_what_is_not_there_is_not_found(http: httpx.Client, path: str) -> None:
    assert http.get(path).status_code in (404, 405)


@pytest.mark.parametrize(
    ("path", "code"), [("/tsa", "pki.timestamp_request"), ("/tsa2", "pki.timestamp_request"), ("/ocsp/members", "pki.ocsp_request")]
)
@pytest.mark.parametrize("body", [b"", b"noise", bytes(10_000)], ids=["empty", "noise", "long"])
def test_noise_is_refused(http: httpx.Client, path: str, code: str, body: bytes) -> None:
    answer = http.post(path, content=body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_health_names_the_address(http: httpx.Client, pki: RunningPki) -> None:
    assert http.get("/health").json() == {"status": "ok", "base_url": pki.address}


def run(*arguments: str) -> tuple[int, str]:
    process = RunningPki.run(*arguments)
    output, _ = process.communicate(timeout=30)
    return process.returncode, output


def test_what_cannot_be_served_is_said_in_a_line(tmp_path: Path, pki: RunningPki) -> None:
    code, output = run("--dir", str(tmp_path / "none"), "--port", str(free_port()))
    assert (code, output.count("\n")) == (2, 1)
    code, output = run("init", "--dir", str(pki.folder), "--base-url", "http://127.0.0.1:1")
    assert (code, output.count("\n")) == (2, 1)
    code, output = run("--dir", str(pki.folder), "--port", str(pki.port))
    assert (code, output) == (2, f"port {pki.port} of 127.0.0.1 is taken by another program\n")
    assert run("init", "--dir", str(tmp_path / "none"))[0] == 2
    assert run("--dir", str(tmp_path / "none"))[0] == 2


@pytest.mark.needs_tool("openssl")
def test_openssl_verifies_a_time_stamp_and_an_ocsp_answer(pki: RunningPki, tmp_path: Path) -> None:
    def openssl(*arguments: str) -> str:
        done = subprocess.run(["openssl", *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    (tmp_path / "data").write_bytes(b"hello")
    anchors = ["-CAfile", str(pki.folder / "root.pem"), "-untrusted", str(pki.folder / "syndicate-ca.pem")]
    openssl("ts", "-query", "-data", "data", "-sha256", "-cert", "-out", "request")
    (tmp_path / "answer").write_bytes(
        httpx.post(f"{pki.address}/tsa", content=(tmp_path / "request").read_bytes(), trust_env=False).content
    )
    assert "Verification: OK" in openssl("ts", "-verify", "-data", "data", "-in", "answer", *anchors)
    seal, ca = str(pki.folder / "seal.pem"), str(pki.folder / "syndicate-ca.pem")
    said = openssl("ocsp", "-issuer", ca, "-cert", seal, "-url", f"{pki.address}/ocsp/syndicate", *anchors[:2])
    assert "Response verify OK" in said
    assert "seal.pem: good" in said
