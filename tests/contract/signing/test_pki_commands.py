"""``contreseing pki``, and what becomes of signatures when the PKI loses its CRL."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from typer.testing import CliRunner

from contreseing.cli import app
from contreseing.embedded.pki_service import build_application
from conventions.errors import ConfigurationError, ContreseingError, InputRefused, NotFound, UpstreamUnavailable
from conventions.sentences import sentence
from signing.chains import stated_policies
from signing.identities import subject_text
from signing.pki.certifying import POLICIES, Role
from signing.pki.directory import ANCHOR_FILES, KEY_NAMES, open_pki, read_certificates
from signing.pki.key_files import ENCRYPTED
from signing.pki.register import Register
from tests.contract.signing.running import RunningPki, free_port
from tests.contract.signing.serving import serving
from tests.unit.signing.material import BOTH, member_request, prepared_pdf

ADDRESS = "http://127.0.0.1:8318"
PASSPHRASE = "une phrase de passe d'essai"


def invoke(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["pki", *map(str, arguments)], env={"COLUMNS": "200"})
    if isinstance(result.exception, ContreseingError):
        raise result.exception
    return result.exit_code, result.output


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "passphrase").write_text(PASSPHRASE)
    (tmp_path / "passphrase").chmod(0o600)
    return tmp_path / "pki"


def key_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.key"))


def test_init_makes_private_keys_in_plain_or_encrypted(folder: Path) -> None:
    code, said = invoke("init", "--dir", folder, "--base-url", ADDRESS, "--organisation", "Syndicat Fictif")
    assert (code, "Syndicat Fictif" in said, said.count("en clair")) == (0, True, len(KEY_NAMES))
    serials = {name: one.serial_number for name, one in read_certificates(folder).items()}
    assert len(set(serials.values())) == len(KEY_NAMES)
    assert min(serial.bit_length() for serial in serials.values()) > 100
    code, said = invoke("init", "--dir", folder, "--base-url", ADDRESS, "--passphrase-file", folder.with_name("passphrase"))
    assert (code, said.count("chiffrée")) == (0, len(KEY_NAMES))
    assert all(path.read_bytes().startswith(ENCRYPTED) and path.stat().st_mode & 0o777 == 0o600 for path in key_files(folder))
    assert {name: one.serial_number for name, one in read_certificates(folder).items()} == serials
    assert open_pki(folder, PASSPHRASE).base_url == ADDRESS


@pytest.mark.parametrize("passphrase", ["", "another"])
def test_encrypted_keys_open_with_their_passphrase_alone(folder: Path, passphrase: str) -> None:
    invoke("init", "--dir", folder, "--base-url", ADDRESS, "--passphrase-file", folder.with_name("passphrase"))
    with pytest.raises(ConfigurationError) as refusal:
        open_pki(folder, passphrase)
    assert refusal.value.code == "configuration.pki_passphrase"
    assert "mot de passe" in sentence(refusal.value)


def test_a_passphrase_is_never_taken_for_granted(folder: Path) -> None:
    invoke("init", "--dir", folder, "--base-url", ADDRESS)
    for fault in ("missing", "empty", "readable"):
        path = folder.with_name(fault)
        if fault != "missing":
            path.write_text("" if fault == "empty" else PASSPHRASE)
            path.chmod(0o644 if fault == "readable" else 0o600)
        with pytest.raises(ConfigurationError):
            invoke("renew", "--dir", folder, "--passphrase-file", path)
    with pytest.raises(ConfigurationError):
        open_pki(folder, PASSPHRASE)
    assert not any(path.read_bytes().startswith(ENCRYPTED) for path in key_files(folder))


def test_renew_changes_the_services_named_and_nothing_else(folder: Path) -> None:
    invoke("init", "--dir", folder, "--base-url", ADDRESS)
    before = read_certificates(folder)
    assert "Rien n’était à renouveler." in invoke("renew", "--dir", folder)[1]
    code, said = invoke("renew", "--dir", folder, "timestamps")
    assert (code, said.strip().splitlines()[-1]) == (0, "Renouvelés : horodatage.")
    after = read_certificates(folder)
    assert [name for name in KEY_NAMES if before[name] != after[name]] == ["timestamps"]
    assert (folder / f"timestamps-{before['timestamps'].serial_number:x}.pem").exists()
    code, said = invoke("renew", "--dir", folder, "root")
    assert (code, "Service inconnu : root" in said) == (2, True)
    assert "une autre lui succède" in said


def test_export_gives_certificates_and_no_key(folder: Path, tmp_path: Path) -> None:
    invoke("init", "--dir", folder, "--base-url", ADDRESS)
    assert invoke("export", "--dir", folder, "--output", tmp_path / "out")[0] == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(ANCHOR_FILES)
    assert not [path for path in (tmp_path / "out").iterdir() if b"PRIVATE" in path.read_bytes()]


@pytest.mark.parametrize("command", ["show", "renew"])
def test_a_folder_without_pki_is_said(tmp_path: Path, command: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        invoke(command, "--dir", tmp_path)
    assert refusal.value.code == "configuration.pki"


def test_show_tells_a_key_that_others_can_read(folder: Path) -> None:
    invoke("init", "--dir", folder, "--base-url", ADDRESS)
    (folder / "seal.key").chmod(0o644)
    (folder / "root.key").unlink()
    said = invoke("show", "--dir", folder)[1]
    assert said.count("chmod") == 1  # one word: on a narrow screen the table cuts its cells in lines
    assert said.count("absente") == 1


def certified(folder: Path, request: bytes, *more: str | Path, role: str = "signatory") -> tuple[int, str]:
    asked = folder.with_name("asked.csr")
    asked.write_bytes(request)
    named = ("--organisation", "Syndicat Fictif", "--siren", "732829320", "--given-name", "Yann", "--family-name", "Le Fictif")
    return invoke("certify", "--dir", folder, "--csr", asked, "--role", role, *named, "--output", folder.with_name("made.pem"), *more)


def rendered_request(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, encoding: Encoding = Encoding.PEM) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Somebody Else")])
    return x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256()).public_bytes(encoding)


@pytest.mark.parametrize(("role", "issuer"), [("signatory", "syndicate"), ("member", "members")])
def test_a_key_that_stays_elsewhere_is_certified_for_its_role_and_can_be_revoked(folder: Path, role: str, issuer: str) -> None:
    protected = ("--passphrase-file", folder.with_name("passphrase"))
    invoke("init", "--dir", folder, "--base-url", ADDRESS, *protected)
    key = ec.generate_private_key(ec.SECP384R1())
    code, said = certified(folder, rendered_request(key), "--days", "400", *protected, role=role)
    assert code == 0, said
    certificate, authority = x509.load_pem_x509_certificates(folder.with_name("made.pem").read_bytes())
    assert authority == read_certificates(folder)[f"{issuer}-ca"]
    certificate.verify_directly_issued_by(authority)
    assert (certificate.public_key(), subject_text(certificate, NameOID.COMMON_NAME)) == (key.public_key(), "Yann Le Fictif")
    assert (certificate.not_valid_after_utc - certificate.not_valid_before_utc).days == 400
    assert POLICIES[Role(role)][1] in stated_policies(certificate)
    register = Register(folder / "register.sqlite")
    try:
        found = register.find(issuer, certificate.serial_number)
        assert found is not None
        assert found.revoked_at is None
        assert invoke("revoke", "--dir", folder, f"{certificate.serial_number:x}") == (
            0,
            f"Certificat {certificate.serial_number:x} révoqué.\n",
        )
        assert [one.serial for one in register.revoked(issuer)] == [certificate.serial_number]
    finally:
        register.close()


def test_what_cannot_be_certified_or_revoked_is_refused(folder: Path) -> None:
    invoke("init", "--dir", folder, "--base-url", ADDRESS)
    good = rendered_request(ec.generate_private_key(ec.SECP256R1()), Encoding.DER)
    other = bytearray(good)
    other[-1] ^= 1
    weak = rendered_request(rsa.generate_private_key(65537, 1024))  # noqa: S505 what is to be refused
    odd = rendered_request(ec.generate_private_key(ec.SECP521R1()))
    for request, more, expected in (
        (b"no request", (), "pki.csr"),
        (bytes(other), (), "pki.csr"),
        (weak, (), "pki.csr"),
        (odd, (), "pki.csr"),
        (good, ("--days", "0"), "pki.lifetime"),
        (good, ("--days", "1500"), "pki.lifetime"),
    ):
        with pytest.raises(InputRefused) as refusal:
            certified(folder, request, *more)
        assert refusal.value.code == expected
    assert not folder.with_name("made.pem").exists()
    assert certified(folder, good)[0] == 0
    assert "Rôle inconnu" in certified(folder, good, role="root")[1]
    assert "n’est pas un numéro" in invoke("revoke", "--dir", folder, "numéro")[1]
    with pytest.raises(NotFound) as unknown:
        invoke("revoke", "--dir", folder, "abc")
    assert unknown.value.code == "pki.serial"


def without(prefix: str) -> Callable[..., Awaitable[web.StreamResponse]]:
    """Lose part of what a PKI publishes."""

    @web.middleware
    async def lose(request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> web.StreamResponse:
        if request.path.startswith(prefix):
            raise web.HTTPNotFound
        return await handler(request)

    return lose


LOST = {
    "/crl/": (
        "revocation.no_list",
        "La liste des certificats révoqués (CRL) de l’autorité « Autorité racine » manque, ou n’est pas utilisable",
    ),
    "/ocsp/": (
        "revocation.no_answer",
        "Le répondeur OCSP de l’autorité « Autorité de signature des membres » ne répond pas, ou pas comme il le doit",
    ),
}


@pytest.mark.parametrize("lost", LOST)
def test_a_pki_that_lost_its_crl_or_responder_gets_nothing_signed_and_it_is_said_why(tmp_path: Path, lost: str) -> None:
    port, prepared = free_port(), prepared_pdf()
    folder = tmp_path / "pki"
    passphrase = tmp_path / "passphrase"
    passphrase.write_text(PASSPHRASE)
    passphrase.chmod(0o600)
    invoke("init", "--dir", folder, "--base-url", f"http://127.0.0.1:{port}", "--passphrase-file", passphrase)
    adapter = RunningPki(folder, port).adapter()
    try:
        whole, broken = (build_application(folder, (), PASSPHRASE) for _ in range(2))
        broken.middlewares.append(without(lost))
        with serving(broken, port), pytest.raises(UpstreamUnavailable) as refusal:
            adapter.sign_for_member(prepared, member_request(prepared))
        code, said = LOST[lost]
        assert refusal.value.code == code
        assert sentence(refusal.value) == f"{said} : rien ne prouve qu’un certificat n’est pas révoqué. Rien n’a été émis."
        assert adapter.timestamp_counters()["tsa-1"].granted == 0
        with serving(whole, port):
            signed = adapter.sign_for_member(prepared, member_request(prepared))
            assert adapter.validate(signed.data, BOTH[:1]).valid
    finally:
        adapter.close()
    assert json.loads((folder / "pki.json").read_text())["base_url"] == f"http://127.0.0.1:{port}"
