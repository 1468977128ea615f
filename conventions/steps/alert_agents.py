"""Tell the agents, by one mail, what a check of the archive, the journal or the trusted lists found that nobody had been told of."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from conventions.archive_faults import ArchiveFault
from conventions.canonical import Json
from conventions.fault_labels import FAULT_LABELS, TAMPERING_LABELS
from conventions.french import NO_BREAK, format_instant
from conventions.journal.verification import Tampering
from conventions.outgoing import Outgoing, Template
from conventions.ports.delivery import Notice
from conventions.ports.system import Ports
from conventions.recording import record_event

TOLD_IN_A_MAIL = 30


def alert_agents(ports: Ports, outgoing: Outgoing) -> None:
    """Send the mail of an outbox row whose ``report_sha256`` names the check's report in the working store, and record that it left.

    Raises:
        UpstreamUnavailable: the mail server or the store does not answer; the row is tried again.
        InputRefused: the address is refused for good.
    """
    report = json.loads(ports.working.get(outgoing.ids["report_sha256"]))
    told, singular, plural = _TOLD[outgoing.template]
    lines = [told(finding) for finding in report["findings"]]
    beyond = len(lines) - TOLD_IN_A_MAIL
    more = [f"et {beyond} autres, dans la liste du contrôle"] if beyond > 0 else []
    values = {
        "checked_at": format_instant(datetime.fromisoformat(report["at"])),
        "count": singular if len(lines) == 1 else f"{len(lines)} {plural}",
        "findings": "\n".join([*lines[:TOLD_IN_A_MAIL], *more]),
        "office": ports.rules.address("office"),
    }
    notice = Notice(outgoing.id, outgoing.template, ports.rules.agents_mail, values, (), ports.rules.demonstration)
    kept = ports.working.put(ports.mailer.render(notice))
    ports.mailer.send(notice)
    data: dict[str, Json] = {"template": outgoing.template.value, "outgoing_id": outgoing.id, "sha256": kept}
    with ports.registry.write() as tx:
        record_event(ports, tx, "mail.sent", at=ports.clock.now(), data=data, personal={"to": notice.to})


def _fault_line(finding: Mapping[str, Any]) -> str:
    where = "" if finding["store"] == 1 else " (second dépôt)"
    return f"{finding['reference']}{NO_BREAK}: {FAULT_LABELS[ArchiveFault(finding['fault'])]}{where}, {finding['key']}"


def _list_line(finding: Mapping[str, Any]) -> str:
    return f"{finding['territory']}{NO_BREAK}: {finding['what']}" if finding["territory"] else str(finding["what"])


def _journal_line(finding: Mapping[str, Any]) -> str:
    where = [f"rang {finding['index']}"] if finding["index"] is not None else []
    where += [f"événement {finding['event_id']}"] if finding["event_id"] is not None else []
    told = TAMPERING_LABELS[Tampering(finding["tampering"])]
    return f"{told} ({', '.join(where)})" if where else told


_TOLD: Mapping[Template, tuple[Callable[[Mapping[str, Any]], str], str, str]] = MappingProxyType(
    {
        Template.ARCHIVE_ALERT: (_fault_line, "une anomalie", "anomalies"),
        Template.LISTS_ALERT: (_list_line, "une liste", "listes"),
        Template.JOURNAL_ALERT: (_journal_line, "une anomalie", "anomalies"),
    }
)
"""How a finding of each alert is told, and how findings are counted."""
