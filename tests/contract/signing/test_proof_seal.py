"""The seal of proofs over the real PKI: evidence files in B-LTA, sealed lists, and what it may not do."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from conventions.errors import EvidenceBroken, SigningFailed, VerificationFailed
from conventions.kinds import SEAL_FIELD
from conventions.signatures import Countersignature, PadesLevel, SealedManifest, SignedFile
from documents.adapter import ReportlabDocuments
from documents.evidence_example import fictitious_evidence
from documents.wording_files import BUNDLED
from signing.adapter import PadesSigning
from signing.chains import TrustStore, parse_certificates
from signing.pki.directory import open_pki, read_anchors
from signing.pki_client import PkiClient, PkiTokens
from signing.sealed import verify_seal, verify_seal_timestamp
from signing.timestamping import TokenRules
from signing.verify import FileVerifier
from tests.contract.signing.running import RunningPki
from tests.unit.signing.material import FORMULA, VICE_PRESIDENT, manifest_of

LIST = b'{"schema":"contreseing/bundle/1"}'


@pytest.fixture(scope="module")
def evidence(signing: PadesSigning) -> SignedFile:
    return signing.seal_evidence(ReportlabDocuments((BUNDLED,)).render_evidence_file(fictitious_evidence()))


def test_an_evidence_file_is_sealed_for_the_long_term(pki: RunningPki, evidence: SignedFile) -> None:
    assert evidence.level is PadesLevel.B_LTA
    report = FileVerifier(read_anchors(pki.folder).values()).verify(evidence.data, datetime.now(UTC))
    assert (report.is_valid, report.level) == (True, PadesLevel.B_LTA), report.reasons
    assert [one.field for one in report.signatures] == [SEAL_FIELD]
    assert evidence.certificate_sha256 == hashlib.sha256(open_pki(pki.folder).proof_seal[1].public_bytes(Encoding.DER)).hexdigest()


def test_a_list_is_sealed_beside_itself(pki: RunningPki, signing: PadesSigning) -> None:
    sealed = signing.seal_proof(LIST)
    verify_seal(sealed.manifest, sealed.cms, open_pki(pki.folder).proof_seal[1])
    anchors = [one for pem in read_anchors(pki.folder).values() for one in parse_certificates(pem)]
    assert verify_seal_timestamp(sealed, TokenRules(TrustStore(anchors))).gen_time == sealed.sealed_at
    with pytest.raises(VerificationFailed):
        verify_seal(sealed.manifest + b" ", sealed.cms, open_pki(pki.folder).proof_seal[1])


def test_no_ceremony_can_be_made_of_it(signing: PadesSigning) -> None:
    sealed: SealedManifest = signing.seal_proof(manifest_of({"2026-0014": "a" * 64}))
    with pytest.raises(SigningFailed) as error:
        signing.countersign(sealed, VICE_PRESIDENT, FORMULA, [Countersignature("2026-0014", "a" * 64)], lambda _item: b"")
    assert error.value.code == "manifest.seal"


def test_who_holds_no_right_to_it_seals_nothing(pki: RunningPki, signing: PadesSigning) -> None:
    digest = base64.b64encode(bytes(32)).decode()
    for name in ("portal", "flows", "desk"):
        headers = {"Authorization": f"Bearer {getattr(pki.tokens, name)}"}
        answer = httpx.post(f"{pki.address}/seal/proofs", json={"hashes": [digest]}, headers=headers, trust_env=False)
        assert (answer.status_code, answer.json()["code"]) == (403, "pki.forbidden")
    bare = PkiClient(pki.address, PkiTokens(), signing._outside)
    with pytest.raises(SigningFailed) as error:
        signing._outside.run(bare.seal_proofs([bytes(32)]))
    assert error.value.code == "signing.no_token"


@pytest.mark.parametrize("body", [{}, {"hashes": []}, {"hashes": "a"}, {"hashes": ["AAAA"]}, {"hashes": ["%"]}])
def test_what_is_no_list_of_hashes_is_refused(pki: RunningPki, body: dict[str, object]) -> None:
    headers = {"Authorization": f"Bearer {pki.tokens.proofs}"}
    answer = httpx.post(f"{pki.address}/seal/proofs", json=body, headers=headers, trust_env=False)
    assert answer.status_code == 400


def test_the_material_of_a_file_is_what_it_is_validated_by(signing: PadesSigning, countersigned: SignedFile, evidence: SignedFile) -> None:
    material = signing.proof_material(countersigned.data)
    assert len(material.certificates) >= 5
    assert material.ocsp_responses
    assert material.crls
    assert [field for field, _ in material.timestamps] == ["Signature_Membre", "Horodatage_01", "Signature_VP", "Horodatage_02"]
    assert [field for field, _ in signing.proof_material(evidence.data).timestamps] == [SEAL_FIELD, "Horodatage_01"]
    for strange in (b"", b"%PDF-1.7\n", countersigned.data[:50_000]):
        with pytest.raises(EvidenceBroken):
            signing.proof_material(strange)
