"""Whose access a bucket's policy gives away."""

from __future__ import annotations

import pytest

from storage.buckets import is_open_policy


@pytest.mark.parametrize(
    ("policy", "is_open"),
    [
        ('{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject"}]}', True),
        ('{"Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"s3:*"}}', True),
        ('{"Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::1:user/a","*"]}}]}', True),
        ('{"Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:DeleteObject"}]}', False),
        ('{"Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::1:user/a"}}]}', False),
        ('{"Statement":[{"Effect":"Allow","NotPrincipal":{"AWS":"arn:aws:iam::1:user/a"}}]}', True),
        ("{}", False),
        ("not JSON", True),
        ("[]", True),
        ('{"Statement":["a"]}', True),
    ],
)
def test_a_policy_that_cannot_be_understood_counts_as_open(policy: str, is_open: bool) -> None:  # noqa: FBT001
    assert is_open_policy(policy) is is_open
