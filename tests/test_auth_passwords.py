"""Passwords: easy ones are refused, good ones are kept byte for byte."""

import pytest

from hmi.auth import passwords
from hmi.auth.passwords import TooLong, Weak, check, generated, hash_of, matches

ABOUT = ("Sven Larsson", "Acme Castings", "Livonia", "Line 3")

EASY = [
    "short",
    "password",
    "Password123!",
    "P@ssw0rd2026",
    "passwordpassword",
    "qwertyuiop",
    "QWERTYuiop1!",
    "poiuytrewq",
    "asdfghjkl123",
    "1234567890",
    "12345678901234567890",
    "abcdefghijkl",
    "aaaaaaaaaaaa",
    "abcabcabcabc",
    "Summer2026!",
    "!!Winter1999!!",
    "monkeydragon",
    "iloveyou2026",
    "administrator1",
    "operator2026",
    "SvenLarsson1",
    "larsson-2026",
    "AcmeCastings",
    "acme2026line3",
    "livonia1234",
    "porosity-hmi",
    "Stellantis2026",
    "changeme!!!",
    "Willkommen1!",
    "16:03 16:03 16:03",
    "          ",
]
GOOD = [
    "vier Igel im Ofenrohr",
    "Tr0ub4dor&3xq",
    "k7fm-zz3q-88ab-mnop",
    "  spaces count here  ",
    "Зима тихо пришла к нам",
    "鋳造品の巣穴を検査する画面です",
    "🦔🐢🦊🐌🦎🐿🦉🦚🐞🦋",
    "x9#kLmm2pQ",
    "".join(chr(0x4E00 + number) for number in range(100)),
]


@pytest.mark.parametrize("password", EASY)
def test_what_is_tried_first_is_refused(password):
    with pytest.raises(Weak):
        check(password, 10, ABOUT)


@pytest.mark.parametrize("password", GOOD)
def test_what_is_hard_to_guess_is_taken(password):
    check(password, 10, ABOUT)
    assert matches(hash_of(password), password)


def test_the_words_of_the_list_are_refused_alone_and_with_a_year():
    taken = []
    for word in passwords._common():
        for password in (word, f"{word.capitalize()}2026!", f"{word}{word}123"):
            try:
                check(password, 8, ())
                taken.append(password)
            except Weak:
                pass
    assert taken == []


def test_every_byte_counts():
    stored = hash_of(" vier Igel ")
    assert not matches(stored, "vier Igel")
    assert not matches(stored, " Vier Igel ")
    assert not matches(hash_of("ü in one piece"), "u\u0308 in one piece")


def test_the_last_of_many_characters_counts():
    long = "ä" * 300
    assert not matches(hash_of(long + "x"), long + "y")


def test_more_than_a_kilobyte_is_refused_by_bytes():
    with pytest.raises(TooLong):
        hash_of("ü" * 513)
    assert matches(hash_of("ü" * 512), "ü" * 512)


@pytest.mark.parametrize("stored", [None, "", "plain", "$argon2id$broken"])
def test_what_is_no_hash_matches_nothing(stored):
    assert not matches(stored, "")
    assert not matches(stored, "plain")


def test_hashes_are_argon2id_with_the_cost_that_was_chosen():
    assert hash_of("vier Igel").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_passwords_that_are_given_out_are_all_different():
    given = {generated() for _ in range(200)}
    assert len(given) == 200
    assert all(len(one) == 19 for one in given)
