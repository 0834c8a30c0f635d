import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadsheet.gate import keys
from broadsheet.gate.cookie import Cookies
from broadsheet.gate.keys import KeyRing

NOW = 1_570_000_000


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    return KeyRing(tmp_path)


@pytest.fixture
def cookies(ring: KeyRing) -> Cookies:
    return Cookies(ring, "paper.example", secure=True)


def test_a_cookie_says_what_it_was_made_with(cookies: Cookies) -> None:
    text, made = cookies.mint(2**64 - 1, NOW)
    assert cookies.read(text) == made
    assert (made.article, made.made) == (2**64 - 1, NOW)


def test_nobody_else_learns_which_article_it_was_made_on(cookies: Cookies) -> None:
    packed = [urlsafe_b64decode(cookies.mint(7, NOW)[0] + "=") for _ in range(2)]
    assert packed[0][17:25] != packed[1][17:25]
    assert (7).to_bytes(8, "little") not in packed[0]


def test_a_cookie_of_another_host_is_nobodys(ring: KeyRing, cookies: Cookies) -> None:
    text, _ = cookies.mint(7, NOW)
    assert Cookies(ring, "other.example", secure=True).read(text) is None


@settings(deadline=None)
@given(byte=st.integers(0, 40), bit=st.integers(0, 7))
def test_one_changed_bit_makes_it_worthless(tmp_path_factory: pytest.TempPathFactory, byte: int, bit: int) -> None:
    cookies = Cookies(KeyRing(tmp_path_factory.mktemp("keys")), "paper.example", secure=False)
    packed = bytearray(urlsafe_b64decode(cookies.mint(7, NOW)[0] + "="))
    packed[byte] ^= 1 << bit
    assert cookies.read(urlsafe_b64encode(packed).rstrip(b"=").decode()) is None


@settings(deadline=None)
@given(st.text(max_size=80))
def test_what_we_did_not_make_is_read_as_nothing(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    assert Cookies(KeyRing(tmp_path_factory.mktemp("keys")), "h", secure=False).read(text) is None


def test_the_first_cookie_that_verifies_is_the_readers(cookies: Cookies) -> None:
    text, made = cookies.mint(7, NOW)
    other, _ = cookies.mint(8, NOW)
    assert cookies.find(f"a=1; reader=forged; reader={text}; reader={other}") == made
    assert cookies.find(f'reader="{text}"') == made
    assert cookies.find(f"notreader={text}; xreader={text}") is None


def test_only_a_few_cookies_are_tried(cookies: Cookies) -> None:
    text, _ = cookies.mint(7, NOW)
    assert cookies.find("reader=forged; " * 100 + f"reader={text}") is None


def test_a_rotation_throws_nobody_out_and_the_next_forgets(ring: KeyRing, cookies: Cookies) -> None:
    text, made = cookies.mint(7, NOW)
    ring.rotate()
    assert cookies.read(text) == made
    newer, newer_made = cookies.mint(8, NOW)
    ring.rotate()
    assert cookies.read(text) is None
    assert cookies.read(newer) == newer_made


def test_a_rotation_by_another_process_is_noticed_within_a_second(tmp_path: Path, cookies: Cookies) -> None:
    elsewhere = KeyRing(tmp_path)
    elsewhere.rotate()
    text, made = Cookies(elsewhere, "paper.example", secure=True).mint(7, NOW)
    assert cookies.read(text) is None  # the file was looked at a moment ago
    time.sleep(keys.LOOK_EVERY_S)
    assert cookies.read(text) == made


def test_keys_are_for_their_owner_only(tmp_path: Path, ring: KeyRing) -> None:
    keys.house_key(tmp_path)
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}


def test_the_cookie_is_kept_from_scripts_and_other_sites(cookies: Cookies) -> None:
    assert cookies.header("x", 60) == "reader=x; Max-Age=60; Path=/; HttpOnly; SameSite=Lax; Secure"
