"""References: what a requester keeps, reads out on the phone and types on the tracking page."""

from shared.spoken_codes import SpokenCode

REFERENCE = SpokenCode(10, group=5)
"""`K7QM3-XZR4T`: nine random symbols (45 bits) and a check symbol. Of a hundred million requests, one guess in 350,000
names one; it says nothing that is not public."""
