"""Object identifiers and lifetimes of the embedded PKI.

The arc is under 2.25 (Rec. ITU-T X.667): a UUID drawn once, so it needs no registration and nobody else has it.
"""

from __future__ import annotations

from datetime import timedelta

ARC = "2.25.200742123925657673495403581578304841869"
MEMBERS_POLICY = f"{ARC}.1.1"
"""A one-shot certificate asked for by the portal, for a member's representative."""
SYNDICATE_POLICY = f"{ARC}.1.2"
"""A one-shot certificate given against a sealed ceremony, for who signs on the syndicate's behalf."""
SEAL_POLICY = f"{ARC}.1.3"
"""The system's seal: ceremony manifests."""
PROOF_POLICY = f"{ARC}.1.4"
"""The seal of evidence files and proof bundles: whoever may use it can still not seal a ceremony."""
TIMESTAMP_POLICY = f"{ARC}.2.1"
"""Time-stamps of the embedded authority; not qualified."""

VALIDITY_ASSURED_SHORT_TERM = "0.4.0.194121.2.1"
"""id-etsi-ext-valassured-ST-certs, ETSI EN 319 412-1, 5.2."""

YEAR = timedelta(days=365)
ROOT_LIFETIME = 30 * YEAR
ISSUING_CA_LIFETIME = 29 * YEAR
"""Longer than any retention: validators that meet an expired issuing CA find no past path."""
TIMESTAMP_LIFETIME = 5 * YEAR
SEAL_LIFETIME = 3 * YEAR
OCSP_LIFETIME = 5 * YEAR
SIGNER_LIFETIME = timedelta(minutes=10)
"""ETSI EN 319 411-1 calls this a short-term certificate: it ends before a revocation could be processed."""
BACKDATING = timedelta(minutes=1)
"""Tolerance for the clocks of who receives the certificate."""
OCSP_VALIDITY = timedelta(days=7)
CRL_VALIDITY = timedelta(days=7)
