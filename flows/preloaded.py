"""What a run of a flow loads, 3 to 4 s of CPU: imported once, by the process that the runs are forked from (``flows.forks``)."""

from __future__ import annotations

import gc

import contreseing.documenting
import contreseing.signatures
import contreseing.stamping  # noqa: F401 as each of these, for what it loads
import flows.deployments  # noqa: F401

gc.freeze()  # a collection in a fork would write to every page of all that, and so copy it
