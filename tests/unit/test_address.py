"""How GitLab's address is read, and what counts as the same place."""

from __future__ import annotations

import pytest

from glcheck import address


@pytest.mark.parametrize(("text", "url"), [
    ("https://gitlab.com", "https://gitlab.com"),
    ("https://gitlab.com/", "https://gitlab.com"),
    ("https://GitLab.Example.com//", "https://gitlab.example.com"),
    ("HTTPS://gitlab.example.com", "https://gitlab.example.com"),
    ("https://gitlab.example.com:8443", "https://gitlab.example.com:8443"),
    ("https://gitlab.example.com:", "https://gitlab.example.com"),
    ("https://example.com/tools/GitLab/", "https://example.com/tools/GitLab"),
    ("https://example.com/api/v4", "https://example.com"),
    ("https://example.com/gitlab/api/v4/", "https://example.com/gitlab"),
    ("http://[::1]:8080/", "http://[::1]:8080"),
])  # fmt: skip
def test_an_address_is_kept_without_what_does_not_matter(text: str, url: str) -> None:
    assert address.read(text) == url


@pytest.mark.parametrize(("text", "why"), [
    ("", "begins with https://"),
    ("nonsense", "begins with https://"),
    ("gitlab.com", "begins with https://"),
    ("//evil.example.com", "begins with https://"),
    ("ftp://gitlab.example.com", "begins with https://"),
    ("file:///etc/hosts", "begins with https://"),
    ("javascript:alert(1)", "begins with https://"),
    ("https://gitlab.com/\x1b", "begins with https://"),
    ("https://", "plain address"),
    ("https:///gitlab", "plain address"),
    ("https://host name", "plain address"),
    ("https://-gitlab.com", "plain address"),
    ("https://gitlab..com", "plain address"),
    ("https://gitlab.com?a=b", "plain address"),
    ("https://gitlab.com#a", "plain address"),
    ("https://gitlab.com/a b", "plain address"),
    ("https://gitlab.com/%2e%2e", "plain address"),
    ("https://gitlab.com%2eevil.example.com", "plain address"),
    ("https://gitlab.com\\.evil.example.com", "plain address"),
    ("https://gitläb.example.com", "plain address"),
    ("https://gitlab.com/a/../b", "must not hold . or .."),
    ("https://gitlab.com/.", "must not hold . or .."),
    ("https://gitlab.example.com:port", "such as https://gitlab.example.com"),
    ("https://gitlab.example.com:65536", "such as https://gitlab.example.com"),
    ("https://[::1", "such as https://gitlab.example.com"),
    ("https://oauth2:word@gitlab.com", "user name or password"),
    ("https://gitlab.com@evil.example.com", "user name or password"),
    ("https://evil.example.com\\@gitlab.com", "user name or password"),
])  # fmt: skip
def test_what_is_no_plain_address_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match="must") as error:
        address.read(text)
    assert why in str(error.value)


@pytest.mark.parametrize(("one", "other", "same"), [
    ("https://gitlab.com", "https://gitlab.com:443/gitlab", True),
    ("http://gitlab.com", "http://gitlab.com:80", True),
    ("https://gitlab.com", "http://gitlab.com", False),
    ("https://gitlab.com", "https://gitlab.com:444", False),
    ("https://gitlab.com", "https://gitlab.com.evil.example.com", False),
])  # fmt: skip
def test_an_origin_is_scheme_host_and_port(one: str, other: str, same: bool) -> None:
    assert (address.origin(one) == address.origin(other)) is same


@pytest.mark.parametrize(("location", "shown"), [
    ("https://gitlab.example.com/users/sign_in?token=x", "https://gitlab.example.com"),
    ("http://user:word@example.com:8080/a", "http://example.com:8080"),
])  # fmt: skip
def test_no_more_than_scheme_and_host_of_a_redirect_is_shown(location: str, shown: str) -> None:
    assert address.scheme_and_host(location) == shown


def test_a_host_is_named_with_its_port() -> None:
    assert address.host("https://gitlab.example.com:8443/gitlab") == "gitlab.example.com:8443"
