"""Objects of an archived folder that took a number which another one has: the folder's indexes tell which of them it holds."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from conventions.archived_folder import ArchivedObject
from conventions.errors import EvidenceBroken, NotFound
from conventions.folder import INDEX_KIND, read_object
from conventions.ports.system import Ports


def strangers_of(ports: Ports, items: Sequence[ArchivedObject]) -> Sequence[ArchivedObject]:
    """Return the objects whose number is another one's, of which an index tells and of them none does.

    Where no index tells, or tells of several, none is returned: nothing says which is ours.

    Raises:
        UpstreamUnavailable.
    """
    counts = Counter(item.seq for item in items)
    twice = [item for item in items if counts[item.seq] > 1]
    if not twice:
        return ()
    told = set[str]()
    for index in (item for item in items if item.kind == INDEX_KIND and counts[item.seq] == 1):
        try:
            content = json.loads(read_object(ports, index))
            told |= {str(one["key"]) for one in content["objects"]}
            told |= {item.key for item in twice if item.kind == INDEX_KIND and item.sha256 == content["previous_sha256"]}
        except (EvidenceBroken, NotFound, ValueError, KeyError, TypeError):
            continue  # told elsewhere: it says nothing of the others
    ours = {item.seq for item in twice if item.key in told}
    return [item for item in twice if item.seq in ours and item.key not in told]
