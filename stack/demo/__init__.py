"""The demo community: invented, deterministic, and big enough to be real."""
