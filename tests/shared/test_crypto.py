import base64
import json
from pathlib import Path
from uuid import UUID

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from shared.crypto import (
    AttestationInvalid,
    AttestationVerifier,
    Attestor,
    DataKey,
    Keyring,
    Signer,
    Tampered,
    UnknownKey,
    WrappedKey,
    decode_key,
    generate_key,
    is_signed,
)
from shared.ids import new_id

COMMUNITY = "150207007005"
NEIGHBOUR = "150207007006"
OLD, NEW, INDEX = generate_key(), generate_key(), generate_key()
PLACE = {"table": "person", "column": "name", "row_id": UUID(int=7)}


@pytest.fixture
def keyring() -> Keyring:
    return Keyring.from_settings(f"k1:{OLD}", INDEX)


@pytest.fixture
def data_key(keyring: Keyring) -> DataKey:
    return keyring.new_data_key(COMMUNITY, new_id())[0]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_opens_what_it_sealed(text: str) -> None:
    key, _ = Keyring.from_settings(f"k1:{OLD}", INDEX).new_data_key(COMMUNITY, UUID(int=1))
    assert key.open(key.seal(text, **PLACE), **PLACE) == text


def test_the_same_text_never_seals_alike(data_key: DataKey) -> None:
    assert len({data_key.seal("张三丰", **PLACE) for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "elsewhere",
    [{"table": "contact"}, {"column": "phone"}, {"row_id": UUID(int=8)}, {"table": "perso", "column": "nname"}],
)
def test_a_ciphertext_moved_elsewhere_does_not_open(data_key: DataKey, elsewhere: dict[str, object]) -> None:
    blob = data_key.seal("张三丰", **PLACE)
    with pytest.raises(Tampered):
        data_key.open(blob, **(PLACE | elsewhere))  # type: ignore[arg-type]


def test_another_communitys_or_persons_key_does_not_open(keyring: Keyring) -> None:
    key = b"k" * 32
    blob = DataKey(key, COMMUNITY).seal("张三丰", **PLACE)
    with pytest.raises(Tampered):
        DataKey(key, NEIGHBOUR).open(blob, **PLACE)
    with pytest.raises(Tampered):
        keyring.new_data_key(COMMUNITY, new_id())[0].open(blob, **PLACE)


def test_every_flipped_or_missing_byte_is_noticed(data_key: DataKey) -> None:
    blob = data_key.seal("张", **PLACE)
    for position in range(len(blob)):
        damaged = blob[:position] + bytes([blob[position] ^ 1]) + blob[position + 1 :]
        for wrong in (damaged, blob[:position]):
            with pytest.raises(Tampered):
                data_key.open(wrong, **PLACE)


def test_a_wrapped_key_belongs_to_one_person_of_one_community(keyring: Keyring) -> None:
    subject_id = new_id()
    key, wrapped = keyring.new_data_key(COMMUNITY, subject_id)
    blob = key.seal("张三丰", **PLACE)
    assert keyring.unwrap(wrapped, COMMUNITY, subject_id).open(blob, **PLACE) == "张三丰"
    for community, subject in ((NEIGHBOUR, subject_id), (COMMUNITY, new_id())):
        with pytest.raises(Tampered):
            keyring.unwrap(wrapped, community, subject)


def test_rotation_keeps_the_data_key_and_ends_the_old_one(keyring: Keyring) -> None:
    subject_id = new_id()
    key, wrapped = keyring.new_data_key(COMMUNITY, subject_id)
    blob = key.seal("张三丰", **PLACE)
    both = Keyring.from_settings(f"k2:{NEW},k1:{OLD}", INDEX)
    rewrapped = both.rewrap(wrapped, COMMUNITY, subject_id)
    assert rewrapped.key_id == "k2"
    assert both.rewrap(rewrapped, COMMUNITY, subject_id) is rewrapped
    only_new = Keyring.from_settings(f"k2:{NEW}", INDEX)
    assert only_new.unwrap(rewrapped, COMMUNITY, subject_id).open(blob, **PLACE) == "张三丰"
    with pytest.raises(UnknownKey):
        only_new.unwrap(wrapped, COMMUNITY, subject_id)
    with pytest.raises(Tampered):
        both.unwrap(WrappedKey("k2", wrapped.wrapped), COMMUNITY, subject_id)


def test_blind_indexes_depend_on_key_and_purpose_only(keyring: Keyring) -> None:
    index = keyring.blind_index("phone", "+8619900000001")
    assert len(index) == 16
    assert index == Keyring.from_settings(f"k9:{NEW}", INDEX).blind_index("phone", "+8619900000001")
    others = {
        keyring.blind_index("phone", "+8619900000002"),
        keyring.blind_index("name", "+8619900000001"),
        Keyring.from_settings(f"k1:{OLD}", NEW).blind_index("phone", "+8619900000001"),
    }
    assert len(others) == 3 and index not in others


@pytest.mark.parametrize(
    "template",
    ["", "k1", ":{old}", "k1:c2VjcmV0", "k1:{old},k1:{new}", "k1:{old},", "k1:密{old}", "destroyed:{old}"],
)
def test_wrong_settings_are_refused_without_an_echo(template: str) -> None:
    with pytest.raises(ValueError, match="key_encryption_keys") as caught:
        Keyring.from_settings(template.format(old=OLD, new=NEW), INDEX)
    assert "c2VjcmV0" not in str(caught.value) and OLD not in str(caught.value)


def test_wrapped_keys_and_padded_settings_read_well() -> None:
    assert decode_key(OLD + "=", setting="index_key") == decode_key(OLD, setting="index_key")
    assert "secret" not in repr(WrappedKey("k1", b"secret"))


def test_a_signature_holds_for_its_message_and_purpose() -> None:
    audit, attestation = Signer.from_settings(OLD, "audit"), Signer.from_settings(OLD, "attestation")
    signature = audit.sign(b"head")
    assert is_signed(audit.public_key, signature, b"head")
    assert not is_signed(audit.public_key, signature, b"heads")
    assert not is_signed(attestation.public_key, signature, b"head")


PERSON = UUID(int=1)


def test_an_attestation_says_yes_and_nothing_more() -> None:
    attestor = Attestor.from_settings(OLD)
    token = attestor.attest(PERSON, "c-12")
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert set(claims) == {"sub", "aud", "eligible", "condition", "iat", "exp"}
    found = AttestationVerifier(attestor.public_key).verify(token, person_id=PERSON, condition="c-12")
    assert found.person_id == PERSON and found.expires_at - claims["iat"] == 300


def test_an_attestation_is_for_one_person_one_condition_and_five_minutes() -> None:
    attestor = Attestor.from_settings(OLD)
    verifier = AttestationVerifier(attestor.public_key)
    with time_machine.travel("2026-11-22T08:00:00Z", tick=False) as clock:
        token = attestor.attest(PERSON, "c-12")
        for wrong in ({"person_id": UUID(int=2)}, {"condition": "c-13"}):
            with pytest.raises(AttestationInvalid):
                verifier.verify(token, **({"person_id": PERSON, "condition": "c-12"} | wrong))  # type: ignore[arg-type]
        clock.shift(299)
        verifier.verify(token, person_id=PERSON, condition="c-12")
        clock.shift(2)
        with pytest.raises(AttestationInvalid):
            verifier.verify(token, person_id=PERSON, condition="c-12")


def test_forged_attestations_are_refused() -> None:
    attestor = Attestor.from_settings(OLD)
    verifier = AttestationVerifier(attestor.public_key)
    token = attestor.attest(PERSON, "c-12")
    header, payload, signature = token.split(".")
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none","typ":"eligibility+jwt"}').rstrip(b"=").decode()
    wrong = [
        Attestor.from_settings(NEW).attest(PERSON, "c-12"),
        f"{header}.{payload}.",
        f"{unsigned}.{payload}.",
        f"{header}.{payload}.{signature[:-4]}AAAA",
        "",
        "a.b.c",
        "é.é.é",
    ]
    for text in wrong:
        with pytest.raises(AttestationInvalid):
            verifier.verify(text, person_id=PERSON, condition="c-12")


def test_a_running_keyring_follows_its_key_file(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    keyring = Keyring.from_settings(f"k1:{OLD}", INDEX, str(file))
    _, first = keyring.new_data_key(COMMUNITY, UUID(int=1))
    assert first.key_id == "k1"

    file.write_text(f"k2:{NEW},k1:{OLD}")
    _, second = keyring.new_data_key(COMMUNITY, UUID(int=2))
    assert second.key_id == "k2"
    assert keyring.rewrap(first, COMMUNITY, UUID(int=1)).key_id == "k2"


def test_a_key_that_another_process_took_into_use_is_found_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    behind = Keyring.from_settings(f"k1:{OLD}", INDEX, str(file))
    file.write_text(f"k2:{NEW},k1:{OLD}")
    ahead = Keyring.from_settings(f"k1:{OLD}", INDEX, str(file))
    key, wrapped = ahead.new_data_key(COMMUNITY, UUID(int=1))
    assert behind.unwrap(wrapped, COMMUNITY, UUID(int=1)).open(key.seal("张三", **PLACE), **PLACE) == "张三"


def test_without_the_file_the_settings_hold(tmp_path: Path) -> None:
    keyring = Keyring.from_settings(f"k1:{OLD}", INDEX, str(tmp_path / "never written"))
    _, unknown = Keyring.from_settings(f"k2:{NEW}", INDEX).new_data_key(COMMUNITY, UUID(int=1))
    with pytest.raises(UnknownKey):
        keyring.unwrap(unknown, COMMUNITY, UUID(int=1))
