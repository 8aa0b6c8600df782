"""Secrets out of every text: the rules of `Masking`."""

from __future__ import annotations

import pytest
from kit.leaks import ECHOES, SECRET

from glcheck.masking import MASK, Masking
from glcheck.problem import Category, Problem

VEIL = Masking([SECRET, "ysR2bXk3Qz7LmNpT4vWc"])


@pytest.mark.parametrize("how", ECHOES)
def test_of_a_text_that_holds_a_secret_in_any_way_nothing_is_left(how: str) -> None:
    for said in (ECHOES[how](SECRET), f"it said {ECHOES[how](SECRET)}, sorry"):
        assert VEIL.clean(said) == MASK


@pytest.mark.parametrize("first", ["percent", "HTML", "JSON, every character"])
@pytest.mark.parametrize("then", ["percent, every character", "HTML, every character"])
def test_a_secret_that_was_encoded_twice_is_found(first: str, then: str) -> None:
    assert VEIL.clean(ECHOES[then](ECHOES[first](SECRET))) == MASK


# fmt: off
TEXTS = {
    "as it is": ("a name", "a name"),
    "one line without control characters": ("two\r\n\tlines \x1b[31m", "two lines [31m"),
    "not the whole secret": (f"almost {SECRET[:-1]}", f"almost {SECRET[:-1]}"),
    "other case": (SECRET.swapcase(), MASK),
    "as long as may be": ("a" * 300, "a" * 300),
    "one too long": ("a" * 301, "a" * 299 + "…"),
    "as long as is read": ("a" * 2000, "a" * 299 + "…"),
    "longer than is read": ("a" * 2001, MASK),
    "a secret where the text would be cut": (f"{'a' * 290}{SECRET}", MASK),
    "no text": (None, "None"),
    "another script": ("é 🔑", "é 🔑"),
}
# fmt: on


@pytest.mark.parametrize(("said", "shown"), TEXTS.values(), ids=TEXTS)
def test_how_a_text_of_the_servers_is_shown(said: object, shown: str) -> None:
    assert VEIL.clean(said) == shown


def test_a_text_that_was_cut_from_one_with_a_secret_shows_no_part_of_it() -> None:
    whole = f"https://{SECRET}.example/"
    assert VEIL.clean(SECRET[6:15], whole) == MASK
    assert VEIL.clean("example", whole) == "example"
    assert VEIL.clean(SECRET[6:15]) == SECRET[6:15]


def test_the_report_is_masked_in_every_text_and_keeps_its_types() -> None:
    problem = Problem(Category.OK, f"x{SECRET}y", "", details={"key": [SECRET, 3, (SECRET,)]})
    masked = VEIL.mask((problem, None))
    details = {"key": [MASK, 3, (MASK,)]}
    assert masked == (Problem(Category.OK, f"x{MASK}y", "", details=details), None)
    assert isinstance(masked[0], Problem)
