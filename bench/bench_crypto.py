"""One encrypted field beside the bare cipher."""

import base64
import os
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bench.result import Result, microseconds
from shared.crypto import Keyring


async def run() -> list[Result]:
    secret = base64.urlsafe_b64encode(os.urandom(32)).decode()
    keyring = Keyring.from_settings(f"k1:{secret}", secret)
    person = UUID(int=7)
    key, _ = keyring.new_data_key("150207007005", person)
    cipher, text, associated = AESGCM(os.urandom(32)), "某某街道某某小区 3 号楼", b"150207007005/person/address/7"
    place = {"table": "person", "column": "address", "row_id": person}
    sealed, nonce = key.seal(text, **place), os.urandom(12)
    encrypted = cipher.encrypt(nonce, text.encode(), associated)
    seal, encrypt, opened, decrypt = microseconds(
        lambda: key.seal(text, **place),
        lambda: cipher.encrypt(os.urandom(12), text.encode(), associated),
        lambda: key.open(sealed, **place),
        lambda: cipher.decrypt(nonce, encrypted, associated),
    )
    return [
        Result("encrypt a personal field", seal, "µs", "bare AES-256-GCM", encrypt),
        Result("decrypt a personal field", opened, "µs", "bare AES-256-GCM", decrypt),
    ]
