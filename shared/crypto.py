"""Personal fields at rest and signed statements about people. No I/O but the key file's, no clock but the tokens' own.

Envelope encryption: each person has a data key; the data key is stored wrapped by a key-encryption key that only the
environment knows. Destroying the data key makes every field, in every backup of it, unreadable.
"""

import base64
import binascii
import hmac
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self
from uuid import UUID

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from pydantic import SecretStr

KEY_BYTES = 32
NONCE_BYTES = 12
"""96 bits, NIST SP 800-38D 8.2.2: random, under a key that seals far fewer than 2³² fields."""
BLIND_INDEX_BYTES = 16
DESTROYED = "destroyed"
"""Stands in the place of a key id where there is no key any more; no key may be called so."""
_VERSION = b"\x01"
_MINIMUM_BLOB = len(_VERSION) + NONCE_BYTES + 16


class Tampered(Exception):
    """A ciphertext that is damaged, was moved from another row, column or community, or belongs to another key."""


class UnknownKey(Exception):
    """A data key is wrapped by a key-encryption key that the settings no longer hold."""


class AttestationInvalid(Exception):
    """A statement of eligibility that is forged, expired, or about someone or something else."""


def generate_key() -> str:
    """A fresh 32-byte secret as settings spell it (base64url without padding)."""
    return encode_key(os.urandom(KEY_BYTES))


def encode_key(key: bytes) -> str:
    return base64.urlsafe_b64encode(key).rstrip(b"=").decode()


def decode_key(text: str, *, setting: str) -> bytes:
    """The 32 bytes behind base64url text; ValueError names the setting, never its value."""
    try:
        key = base64.b64decode(text.strip() + "=" * (-len(text.strip()) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(f"{setting}: expected base64url of {KEY_BYTES} bytes; make one with `make env`")
    return key


def derive_key(secret: bytes, purpose: str) -> bytes:
    """A 32-byte key for one purpose only (HKDF-SHA256, RFC 5869); knowing it tells nothing of the secret."""
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=b"kaiyuan/" + purpose.encode()).derive(
        secret
    )


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A data key as stored: useless without the key-encryption key named `key_id`."""

    key_id: str
    wrapped: bytes = field(repr=False)


class DataKey:
    """One person's key. Seals and opens that person's fields, 1 to 2 µs each."""

    __slots__ = ("_cipher", "_prefix")

    def __init__(self, key: bytes, community_code: str) -> None:
        self._cipher = AESGCM(key)
        self._prefix = community_code.encode() + b"\0"

    def seal(self, text: str, *, table: str, column: str, row_id: UUID) -> bytes:
        """Ciphertext that opens only at this place: community, table, column and row are its associated data."""
        return self.seal_bytes(text.encode(), table=table, column=column, row_id=row_id)

    def open(self, blob: bytes, *, table: str, column: str, row_id: UUID) -> str:
        """The text sealed at this place; Tampered if the blob is not what was sealed here."""
        return self.open_bytes(blob, table=table, column=column, row_id=row_id).decode()

    def seal_bytes(self, data: bytes, *, table: str, column: str, row_id: UUID) -> bytes:
        """The same for what is no text: a photo, a sheet."""
        nonce = os.urandom(NONCE_BYTES)
        place = b"%b%b\0%b\0%b" % (self._prefix, table.encode(), column.encode(), row_id.bytes)
        return _VERSION + nonce + self._cipher.encrypt(nonce, data, place)

    def open_bytes(self, blob: bytes, *, table: str, column: str, row_id: UUID) -> bytes:
        """The bytes sealed at this place; Tampered if the blob is not what was sealed here."""
        place = b"%b%b\0%b\0%b" % (self._prefix, table.encode(), column.encode(), row_id.bytes)
        return _decrypt(self._cipher, blob, place)


def _decrypt(cipher: AESGCM, blob: bytes, associated_data: bytes) -> bytes:
    if len(blob) < _MINIMUM_BLOB or blob[:1] != _VERSION:
        raise Tampered
    try:
        return cipher.decrypt(blob[1 : 1 + NONCE_BYTES], blob[1 + NONCE_BYTES :], associated_data)
    except InvalidTag as error:
        raise Tampered from error


class KeySettings(Protocol):
    """What of an application's settings a keyring is made from."""

    @property
    def key_encryption_keys(self) -> SecretStr: ...
    @property
    def index_key(self) -> SecretStr: ...
    @property
    def key_file(self) -> str: ...


class Keyring:
    """The key-encryption keys and the index key of a service.

    The first key-encryption key is active: it wraps new data keys. The others only unwrap, until `vault.rotate` has
    rewrapped everything.
    """

    def __init__(self, keys: Mapping[str, bytes], index_key: bytes, key_file: str = "") -> None:
        self._index_key = index_key
        self._purposes: dict[str, bytes] = {}
        self._file = Path(key_file) if key_file else None
        self._file_read: tuple[int, int] | None = None
        self._use(keys)
        self._follow_file()

    @classmethod
    def from_settings(cls, key_encryption_keys: str, index_key: str, key_file: str = "") -> Self:
        """Read `k2:<base64url>,k1:<base64url>`; ValueError says which part is wrong without echoing it.

        `key_file`, once it is there, holds the same and takes precedence; it is read again whenever it was replaced, so
        that keys rotate while the process works.
        """
        return cls(_read_keys(key_encryption_keys), decode_key(index_key, setting="index_key"), key_file)

    @classmethod
    def of(cls, settings: KeySettings) -> Self:
        """The keyring of an application, from its settings."""
        keys, index_key = settings.key_encryption_keys.get_secret_value(), settings.index_key.get_secret_value()
        return cls.from_settings(keys, index_key, settings.key_file)

    def _use(self, keys: Mapping[str, bytes]) -> None:
        if not keys:
            raise ValueError("key_encryption_keys: at least one key is needed")
        self.active_key_id = next(iter(keys))
        self._wrapping = {key_id: AESGCM(key) for key_id, key in keys.items()}

    def _follow_file(self) -> None:
        """Take over what the key file says now, if it was replaced since; some 2 µs if it was not."""
        if self._file is None:
            return
        try:
            found = self._file.stat()
        except FileNotFoundError:
            return
        stamp = (found.st_ino, found.st_mtime_ns)
        if stamp != self._file_read:
            self._use(_read_keys(self._file.read_text()))
            self._file_read = stamp

    def new_data_key(self, community_code: str, subject_id: UUID) -> tuple[DataKey, WrappedKey]:
        """A fresh key for one person, and the form in which to store it."""
        self._follow_file()
        key = os.urandom(KEY_BYTES)
        return DataKey(key, community_code), self._wrap(key, community_code, subject_id)

    def unwrap(self, wrapped: WrappedKey, community_code: str, subject_id: UUID) -> DataKey:
        """The stored key of this person; Tampered if it is another's, UnknownKey if its wrapping key is gone."""
        return DataKey(self._unwrap(wrapped, community_code, subject_id), community_code)

    def rewrap(self, wrapped: WrappedKey, community_code: str, subject_id: UUID) -> WrappedKey:
        """The same data key under the active key-encryption key; what is there already comes back as it is."""
        if wrapped.key_id == self.active_key_id:
            return wrapped
        return self._wrap(self._unwrap(wrapped, community_code, subject_id), community_code, subject_id)

    def blind_index(self, purpose: str, value: str) -> bytes:
        """16 bytes that are equal for equal values and tell nothing else without the index key.

        One key per purpose, so that a phone's index cannot be matched with a name's. The same in every community:
        a family that moves is found again. The caller normalises `value` first.
        """
        key = self._purposes.get(purpose)
        if key is None:
            key = self._purposes[purpose] = derive_key(self._index_key, f"blind-index/{purpose}")
        return hmac.digest(key, value.encode(), "sha256")[:BLIND_INDEX_BYTES]

    def _wrap(self, key: bytes, community_code: str, subject_id: UUID) -> WrappedKey:
        nonce = os.urandom(NONCE_BYTES)
        owner = _owner(self.active_key_id, community_code, subject_id)
        return WrappedKey(
            self.active_key_id, _VERSION + nonce + self._wrapping[self.active_key_id].encrypt(nonce, key, owner)
        )

    def _unwrap(self, wrapped: WrappedKey, community_code: str, subject_id: UUID) -> bytes:
        if wrapped.key_id not in self._wrapping:
            self._follow_file()
        cipher = self._wrapping.get(wrapped.key_id)
        if cipher is None:
            raise UnknownKey(f"no key-encryption key is called {wrapped.key_id}; add it behind the active one")
        return _decrypt(cipher, wrapped.wrapped, _owner(wrapped.key_id, community_code, subject_id))


def _read_keys(text: str) -> dict[str, bytes]:
    keys: dict[str, bytes] = {}
    for position, part in enumerate(text.split(","), start=1):
        key_id, separator, encoded = part.strip().partition(":")
        if not separator or key_id in ({"", DESTROYED} | keys.keys()):
            raise ValueError(f"key_encryption_keys: entry {position} must be `id:base64url` with an id of its own")
        keys[key_id] = decode_key(encoded, setting=f"key_encryption_keys, entry {position}")
    return keys


def _owner(key_id: str, community_code: str, subject_id: UUID) -> bytes:
    return b"data-key\0%b\0%b\0%b" % (key_id.encode(), community_code.encode(), subject_id.bytes)


class Signer:
    """An Ed25519 key derived from a service's `signing_key` for one purpose."""

    def __init__(self, secret: bytes, purpose: str) -> None:
        self.private_key = Ed25519PrivateKey.from_private_bytes(derive_key(secret, f"ed25519/{purpose}"))
        self.public_key = encode_key(self.private_key.public_key().public_bytes_raw())
        """What a verifier needs, as settings spell it. Not secret."""

    @classmethod
    def from_settings(cls, signing_key: str, purpose: str) -> Self:
        return cls(decode_key(signing_key, setting="signing_key"), purpose)

    def sign(self, message: bytes) -> bytes:
        return self.private_key.sign(message)


def is_signed(public_key: str, signature: bytes, message: bytes) -> bool:
    """Whether the holder of the private key signed exactly this message."""
    key = Ed25519PublicKey.from_public_bytes(decode_key(public_key, setting="public_key"))
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


ATTESTATION_SECONDS = 300
ATTESTATION_AUDIENCE = "merchants"
_ATTESTATION_TYPE = "eligibility+jwt"
_ALGORITHM = "Ed25519"
"""RFC 9864 names the curve; `EdDSA` alone is deprecated."""


@dataclass(frozen=True, slots=True)
class Attestation:
    """One signed yes: this person satisfies this condition, until then. Nothing says why."""

    person_id: UUID
    condition: str
    expires_at: float
    """Unix time in seconds."""


class Attestor:
    """Signs that a person is eligible. There is no signed no: who is not eligible gets no attestation."""

    def __init__(self, private_key: Ed25519PrivateKey) -> None:
        self._key = OKPKey.import_key(private_key)
        self.public_key = encode_key(private_key.public_key().public_bytes_raw())
        """What merchants need, as settings spell it. Not secret."""

    @classmethod
    def from_settings(cls, attestation_key: str) -> Self:
        """From the private half, base64url of 32 bytes; the settings of merchants hold its public half."""
        return cls(Ed25519PrivateKey.from_private_bytes(decode_key(attestation_key, setting="attestation_key")))

    def attest(self, person_id: UUID, condition: str) -> str:
        """A compact token for merchants that holds for five minutes. `condition` is the code that the offer names."""
        now = int(time.time())
        claims = {
            "sub": str(person_id),
            "aud": ATTESTATION_AUDIENCE,
            "eligible": True,
            "condition": condition,
            "iat": now,
            "exp": now + ATTESTATION_SECONDS,
        }
        return jwt.encode({"alg": _ALGORITHM, "typ": _ATTESTATION_TYPE}, claims, self._key, algorithms=[_ALGORITHM])


class AttestationVerifier:
    """Believes attestations of one attestor, known by its public key."""

    def __init__(self, public_key: str) -> None:
        raw = decode_key(public_key, setting="attestation_public_key")
        self._key = OKPKey.import_key(Ed25519PublicKey.from_public_bytes(raw))
        self._claims = jwt.JWTClaimsRegistry(
            aud={"essential": True, "value": ATTESTATION_AUDIENCE},
            sub={"essential": True},
            exp={"essential": True},
            eligible={"essential": True, "value": True},
            condition={"essential": True},
        )

    def verify(self, token: str, *, person_id: UUID, condition: str | None = None) -> Attestation:
        """The attestation if it is genuine, current, and about this person and condition; else AttestationInvalid.

        Without a `condition` it may be about any; the answer says about which.
        """
        claims = self._read(token)
        stated = claims["condition"]
        if claims["sub"] != str(person_id) or stated != (condition or stated) or claims["eligible"] is not True:
            raise AttestationInvalid
        return Attestation(person_id, stated, float(claims["exp"]))

    def _read(self, token: str) -> dict[str, Any]:
        try:
            decoded = jwt.decode(token, self._key, algorithms=[_ALGORITHM])
            self._claims.validate(decoded.claims)
        except (JoseError, ValueError, TypeError) as error:
            raise AttestationInvalid from error
        if decoded.header.get("typ") != _ATTESTATION_TYPE:
            raise AttestationInvalid
        return decoded.claims
