"""Who owns the rooms: one process at a time (decision 0032)."""
