"""What every reader that is asked says of a completed file."""

from __future__ import annotations

from collections.abc import Sequence

from conventions.ports.system import Ports
from conventions.signatures import ExpectedSigner, ValidationReport


def ask_readers(ports: Ports, data: bytes, expected: Sequence[ExpectedSigner]) -> Sequence[ValidationReport]:
    """Ask both readers, then the third where there is one; it is not shown what one of them refuses.

    Raises:
        UpstreamUnavailable: one of them does not answer, or what it would ask.
    """
    ours = (ports.signing.validate(data, expected), ports.signing.second_opinion(data, expected))
    if not ports.rules.asks_third_reader or not all(report.valid for report in ours):
        return ours
    return (*ours, ports.signing.third_opinion(data, expected))
