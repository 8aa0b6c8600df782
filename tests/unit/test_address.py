"""How GitLab's address is read, and what counts as the same place."""

from __future__ import annotations

import pytest

from glcheck import address


@pytest.mark.parametrize("text, url", [
    ("https://gitlab.com/", "https://gitlab.com"),
    ("https://GitLab.Example.com//", "https://gitlab.example.com"),
    ("HTTPS://gitlab.example.com:", "https://gitlab.example.com"),
    ("https://gitlab.example.com:8443", "https://gitlab.example.com:8443"),
    ("https://example.com/tools/GitLab/", "https://example.com/tools/GitLab"),
    ("https://example.com/api/v4", "https://example.com"),
    ("https://example.com/gitlab/api/v4/", "https://example.com/gitlab"),
    ("http://[::1]:8080/", "http://[::1]:8080"),
])  # fmt: skip
def test_an_address_is_kept_without_what_does_not_matter(text: str, url: str) -> None:
    assert address.read(text) == url


# fmt: off
NONE = {
    "begins with https://": [
        "", "nonsense", "gitlab.com", "//evil.example.com", "ftp://gitlab.example.com",
        "file:///etc/hosts", "javascript:alert(1)", "https://gitlab.com/\x1b",
    ],
    "plain address": [
        "https://", "https:///gitlab", "https://host name", "https://-gitlab.com",
        "https://gitlab..com", "https://gitlab.com?a=b", "https://gitlab.com#a",
        "https://gitlab.com/a b", "https://gitlab.com/%2e%2e", "https://gitläb.example.com",
        "https://gitlab.com%2eevil.example.com", "https://gitlab.com\\.evil.example.com",
    ],
    "must not hold . or ..": ["https://gitlab.com/a/../b", "https://gitlab.com/."],
    "such as https://gitlab": ["https://gitlab.com:port", "https://gitlab.com:65536", "https://[::1"],
    "user name or password": [
        "https://oauth2:word@gitlab.com", "https://gitlab.com@evil.example.com",
        "https://evil.example.com\\@gitlab.com",
    ],
}
# fmt: on


@pytest.mark.parametrize("why, text", [(why, text) for why in NONE for text in NONE[why]])
def test_what_is_no_plain_address_is_refused(why: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"^must ") as error:
        address.read(text)
    assert why in str(error.value)


@pytest.mark.parametrize("one, other, same", [
    ("https://gitlab.com", "https://gitlab.com:443/gitlab", True),
    ("http://gitlab.com", "http://gitlab.com:80", True),
    ("https://gitlab.com", "http://gitlab.com", False),
    ("https://gitlab.com", "https://gitlab.com:444", False),
    ("https://gitlab.com", "https://gitlab.com.evil.example.com", False),
])  # fmt: skip
def test_an_origin_is_scheme_host_and_port(one: str, other: str, same: bool) -> None:
    assert (address.origin(one) == address.origin(other)) is same


def test_no_more_of_an_address_is_shown_than_says_where_it_leads() -> None:
    assert address.scheme_and_host("http://me:word@a.com:80/b?c=d") == "http://a.com:80"
    assert address.host("https://gitlab.example.com:8443/gitlab") == "gitlab.example.com:8443"
