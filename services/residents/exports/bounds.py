MOST_PEOPLE = 20_000
"""Of one export: more than a community has, and little enough for one transaction."""
