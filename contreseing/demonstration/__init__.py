"""The demonstration: the published members, fictitious people, and a walk through the whole thread as people would make it."""
