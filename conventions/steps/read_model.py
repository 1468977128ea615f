"""Put the model of a pile before a reader of the desk; the signatory says once, for each text of it, that it was read."""

from __future__ import annotations

from conventions.accounts import Role
from conventions.ceremonies import ModelRead
from conventions.errors import NotFound, RuleRefused
from conventions.ports.system import Ports
from conventions.recording import record_event
from conventions.steps.desk import DESK_READERS, models_of, wordings_of
from conventions.steps.sign_in import session_account
from conventions.views import DeskModel, ModelView


def model(ports: Ports, cookie: str, wording_id: str) -> ModelView:
    """Return a programme's model as it stands, its text part by part; seeing it records nothing.

    Raises:
        LinkRefused, RuleRefused.
        NotFound: no programme has that wording, or its file cannot be had.
    """
    digests = models_of(ports)
    with ports.registry.read() as tx:
        account = session_account(ports, tx, cookie, DESK_READERS)
        kind = wordings_of(tx).get(wording_id)
        read_at = {(read.kind, read.sha256): read.at for read in tx.model_reads(account.id)}
    if kind is None or wording_id not in digests:
        raise NotFound(f"no model {wording_id}", code="model.not_found")
    sha256 = digests[wording_id]
    found = DeskModel(wording_id, kind, sha256, read_at.get((kind, sha256)))
    return ModelView(found, ports.documents.render_model(wording_id), demonstration=ports.rules.demonstration)


def read_model(ports: Ports, cookie: str, wording_id: str, sha256: str) -> None:
    """Record that the signatory has read the model whose digest the page gave; said again, it changes nothing.

    Raises:
        LinkRefused.
        RuleRefused: not a signatory; or the model is another text now (``model.changed``), which is to be read.
        NotFound: no programme has that wording.
    """
    digests, now = models_of(ports), ports.clock.now()
    with ports.registry.write() as tx:
        account = session_account(ports, tx, cookie, (Role.SIGNATORY,))
        kind = wordings_of(tx).get(wording_id)
        if kind is None:
            raise NotFound(f"no model {wording_id}", code="model.not_found")
        if digests.get(wording_id) != sha256:
            raise RuleRefused(f"model {wording_id} is no longer {sha256}", code="model.changed")
        if any((read.kind, read.sha256) == (kind, sha256) for read in tx.model_reads(account.id)):
            return
        tx.add_model_read(ModelRead(account.id, kind, sha256, now))
        data = {"account": account.id, "kind": kind.value, "wording": wording_id, "sha256": sha256}
        record_event(ports, tx, "desk.model_read", at=now, data=data)
