"""Public codes of contact cards: fifteen random symbols (75 bits) and a check symbol."""

from shared.spoken_codes import SpokenCode

LENGTH = 16
_CODE = SpokenCode(LENGTH, group=4)

new_code = _CODE.new
with_check_symbol = _CODE.with_check_symbol
read_code = _CODE.read
grouped = _CODE.grouped
"""`XXXX-XXXX-XXXX-XXXX`, as printed."""
