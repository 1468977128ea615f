"""Whom an installation believes: about persons or about time alone, now or until the end of a former PKI."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cryptography import x509

from conventions.errors import ConfigurationError
from conventions.kinds import Party
from signing.chains import TrustStore, parse_certificates, render_pem
from signing.former_trust import MEMBERS_CA, SYNDICATE_CA, Certificates, all_of, ends_of, former_anchors, with_former
from signing.identities import IssuerRule, IssuerRules
from signing.pki.former import SIGNATORY_CA, FormerPki
from signing.pki.policies import MEMBERS_POLICY, SYNDICATE_POLICY
from signing.signatories import LastingKey

OUTSIDE_AUTHORITIES = "timestamp-authorities.pem"
"""Name of the anchors that are believed about time alone, among those handed out."""


@dataclass(frozen=True)
class Believed:
    """The anchors of persons and of time-stamps, and who may certify whom: ``present`` for what is signed now, ``issuers`` ever.

    ``accepted``: the anchors of files signed elsewhere; ``anchors_pem``: those of today by file name, to be handed out.
    """

    anchors_pem: Mapping[str, bytes]
    trust: TrustStore
    stamp_trust: TrustStore
    present: IssuerRules
    issuers: IssuerRules
    accepted: Certificates

    @property
    def syndicate_ca(self) -> x509.Certificate:
        """Return our CA of the syndicate's signers and services."""
        return self.present[Party.SYNDICATE].ca


def believe(
    anchors_pem: Mapping[str, bytes],
    lasting_key: LastingKey | None = None,
    *,
    former: Sequence[FormerPki] = (),
    uploads_pem: Sequence[bytes] = (),
    stamps_pem: Sequence[bytes] = (),
) -> Believed:
    """Read whom to believe: our anchors, those of a lasting key, of former PKIs, of files signed elsewhere, of time-stamps.

    Raises:
        ConfigurationError: an anchor lacks or is unreadable; a former PKI is ours of today (``configuration.former_alike``).
    """
    anchors = {name: parse_certificates(pem) for name, pem in anchors_pem.items()}
    if lasting_key is not None and lasting_key.ca is not None:
        anchors[SIGNATORY_CA] = (lasting_key.ca, *lasting_key.above)
    members_ca, syndicate_ca = _only(anchors, MEMBERS_CA), _only(anchors, SYNDICATE_CA)
    accepted, outside = all_of(uploads_pem), all_of(stamps_pem)
    own = [one for several in anchors.values() for one in several]
    handed_out = {name: render_pem(several) for name, several in anchors.items()}
    if outside:
        handed_out[OUTSIDE_AUTHORITIES] = render_pem(outside)
    other = () if lasting_key is None or lasting_key.ca is None else (IssuerRule(lasting_key.ca, lasting_key.policy),)
    present = {
        Party.MEMBER: IssuerRule(members_ca, MEMBERS_POLICY),
        Party.SYNDICATE: IssuerRule(syndicate_ca, SYNDICATE_POLICY, other),
    }
    ends = ends_of(former)
    return Believed(
        anchors_pem=handed_out,
        trust=with_former([*own, *accepted], ends),
        stamp_trust=with_former([*own, *accepted, *outside], ends),
        present=present,
        issuers=_ever(present, former),
        accepted=accepted,
    )


def _ever(present: IssuerRules, former: Sequence[FormerPki]) -> IssuerRules:
    """Add to who may certify whom today those who might, until their end: the readers see to the end."""
    added: dict[Party, list[IssuerRule]] = {party: [] for party in present}
    for one in former:
        policies = {MEMBERS_CA: MEMBERS_POLICY, SYNDICATE_CA: SYNDICATE_POLICY, SIGNATORY_CA: one.signatory_policy}
        for file, (ca, *_) in former_anchors(one).items():
            if file not in policies:
                continue
            if any(ca == rule.ca for known in present.values() for rule in (known, *known.also)):
                name = one.authorities.name
                raise ConfigurationError(f"the former PKI {name} is that of today", code="configuration.former_alike", name=name)
            added[Party.MEMBER if file == MEMBERS_CA else Party.SYNDICATE].append(IssuerRule(ca, policies[file]))
    return {party: IssuerRule(rule.ca, rule.policy, (*rule.also, *added[party])) for party, rule in present.items()}


def _only(anchors: Mapping[str, Certificates], name: str) -> x509.Certificate:
    if len(anchors.get(name, ())) != 1:
        raise ConfigurationError(f"{MEMBERS_CA} and {SYNDICATE_CA} must each hold one certificate", code="configuration.trust")
    return anchors[name][0]
