"""The Vice-President's desk: read, decide, authorise."""
