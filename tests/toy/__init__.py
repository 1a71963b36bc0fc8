"""A pair of toy services on the real kit: one tells of what happened, the other counts it."""
