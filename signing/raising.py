"""What was signed elsewhere is raised to B-LTA on arrival: a time-stamp where it lacks one, validation data, an archive time-stamp.

The time-stamp goes into the room that the tool left around its signature, which no signature covers yet. Only the revision of the
signature is kept, whatever its tool appended to it: what follows it is then all ours. The file as it came is kept beside, unchanged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes

from conventions.errors import SigningFailed, VerificationFailed
from conventions.signatures import PadesLevel, SignedFile
from signing.chains import CERTIFICATE_ERRORS, TrustStore
from signing.cms import SIGNATURE_TIMESTAMP_DER
from signing.cms_parsing import CONTEXT_1, parse_cms
from signing.der import read_elements, render_explicit, render_sequence, render_set_of, render_tlv, strip_padding
from signing.engine import Engine
from signing.evidence import OfferedState
from signing.gathering import Gatherer
from signing.levels import level_of
from signing.own_token import own_tokens, verify_own_token
from signing.timestamping import TimestampToken
from signing.upload_process import CheckedUpload

STATE_REFUSALS: Mapping[str, str] = {
    "revocation.revoked": "upload.revoked",
    "revocation.unknown": "upload.state",
    "revocation.missing": "upload.state",
    "revocation.no_address": "upload.no_address",
    "chain.not_valid_then": "upload.expired",
    "chain.no_path": "upload.untrusted",
}
"""What is wrong with the signer's certificate is the file's fault, not ours."""
TIMESTAMP_REFUSALS: Mapping[str, str] = dict.fromkeys(STATE_REFUSALS, "upload.timestamp")


@contextmanager
def refused_as(codes: Mapping[str, str]) -> Iterator[None]:
    """Turn what cannot be proved of a file's own certificates into its refusal.

    Raises:
        VerificationFailed: by these codes.
    """
    try:
        yield
    except SigningFailed as error:
        if error.code not in codes:
            raise
        raise VerificationFailed(f"{error} ({error.code})", code=codes[error.code]) from error


@dataclass(frozen=True)
class UploadRaiser:
    """Raises accepted files; on the adapter's private loop."""

    engine: Engine
    gatherer: Gatherer
    trust: TrustStore

    async def complete(self, uploaded: bytes, checked: CheckedUpload) -> SignedFile:
        """Return the B-LTA file that an accepted one becomes.

        Raises:
            VerificationFailed: ``upload.revoked``, ``upload.state``, ``upload.no_address``, ``upload.expired``, ``upload.untrusted``,
                ``upload.no_room``, ``upload.timestamp``, ``upload.level``.
            UpstreamUnavailable, SigningFailed: nothing was issued.
        """
        certificate, *others = checked.certificates
        offered = OfferedState(checked.ocsp_responses, checked.crls)
        with refused_as(STATE_REFUSALS):
            at = checked.stamped_at
            evidence = await self.gatherer.gather(certificate, tuple(others), at, offered)
        data, token = await self._dated(uploaded[: checked.end], checked)
        with refused_as(TIMESTAMP_REFUSALS) if checked.has_token else nullcontext():
            stamping = await self.gatherer.gather(token.certificate, token.others, at and token.gen_time, offered)
        raised, _ = await self.engine.restamp(data, (evidence, stamping))
        try:
            level = level_of(raised, checked.field)
        except SigningFailed as error:
            raise VerificationFailed("a file whose level cannot be read", code="upload.level") from error
        if level is not PadesLevel.B_LTA:
            raise VerificationFailed(f"the file is {level}, not B-LTA", code="upload.level")
        return SignedFile(raised, level, token.gen_time, certificate.fingerprint(hashes.SHA256()).hex())

    async def _dated(self, data: bytes, checked: CheckedUpload) -> tuple[bytes, TimestampToken]:
        """Return the file with a time-stamp of its signature, its own or ours, and that time-stamp."""
        begin, end = checked.hole
        room = end - begin - 2
        try:
            der = strip_padding(bytes.fromhex(data[begin + 1 : end - 1].decode("ascii")))
            cms = parse_cms(der)
        except CERTIFICATE_ERRORS as error:
            raise VerificationFailed("a signature that cannot be read", code="upload.signature") from error
        if checked.has_token:
            (own,) = own_tokens(cms)
            return data, verify_own_token(own, cms, self.trust)
        token = await self.engine.stamp(hashlib.sha256(cms.signature).digest())
        written = with_timestamp(der, token.der).hex().encode()
        if len(written) > room:
            raise VerificationFailed("no room for a time-stamp", code="upload.no_room")
        return data[: begin + 1] + written.ljust(room, b"0") + data[end - 1 :], token


def with_timestamp(der: bytes, token: bytes) -> bytes:
    """Add a signature time-stamp to a CMS of one signer (EN 319 122-1, 5.3); nothing that was signed is encoded anew.

    Raises:
        ValueError: not such a CMS.
    """
    kind, wrapped = read_elements(der)
    (signed_data,) = read_elements(wrapped)
    *head, signer_infos = read_elements(signed_data)
    (signer_info,) = read_elements(signer_infos)
    fields = read_elements(signer_info)
    unsigned = read_elements(fields.pop()) if fields[-1][:1] == bytes((CONTEXT_1,)) else []
    added = render_sequence(SIGNATURE_TIMESTAMP_DER, render_set_of(token))
    signer = render_sequence(*fields, render_tlv(CONTEXT_1, *sorted([*unsigned, added])))
    return render_sequence(kind, render_explicit(0, render_sequence(*head, render_set_of(signer))))
