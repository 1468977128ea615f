"""The journal's tree (RFC 9162): pure functions over leaf hashes; the events themselves are in the registry."""
