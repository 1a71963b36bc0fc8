"""The toy that consumes, into one row per aggregate."""
