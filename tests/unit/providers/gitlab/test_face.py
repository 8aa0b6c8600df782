"""What the core is told of GitLab before anything is asked."""

from __future__ import annotations

import pytest

from glcheck import providers
from glcheck.description import Owner

GITLAB = providers.face("gitlab")


@pytest.mark.parametrize(("given", "base"), [
    ("https://gitlab.com", "https://gitlab.com"),
    ("https://gitlab.com/api/v4", "https://gitlab.com"),
    ("https://host/gitlab/api/v4", "https://host/gitlab"),
    ("https://host/api/v4/more", "https://host/api/v4/more"),
    ("https://host/api", "https://host/api"),
])  # fmt: skip
def test_an_address_is_known_without_the_path_of_its_api(given: str, base: str) -> None:
    assert GITLAB.base_url(given) == base


def test_the_words_about_the_usual_address_name_all_that_can_name_it() -> None:
    assert [name for name in GITLAB.URL_VARIABLES if name not in GITLAB.URL_DEFAULT] == []
    assert GITLAB.PUBLIC_URL in GITLAB.URL_DEFAULT
    for name in GITLAB.URL_VARIABLES:
        environ = {"GITLAB_CI": "true", name: "https://gitlab.example.com"}
        assert GITLAB.default_url(environ) == (name, "https://gitlab.example.com")


def test_only_the_owner_tells_whether_the_registry_can_be_read_through_read_api() -> None:
    held = ("read_api",)
    assert GITLAB.depends_on_owner(("read_registry", "api"), held) == ["read_registry"]
    assert GITLAB.depends_on_owner(("read_user",), held) == []
    for kind, through in {"personal": "read_api", "project": None}.items():
        assert GITLAB.satisfied_by("read_registry", held, Owner(kind, 7)) == through
    assert GITLAB.satisfied_by("read_registry", held, None) is None


def test_every_kind_but_the_one_that_is_not_told_apart_can_be_asked_for() -> None:
    assert providers.kinds() == (
        "personal", "project", "group", "service-account", "job", "oauth",
    )  # fmt: skip


def test_a_provider_that_there_is_not_is_no_other_one() -> None:
    with pytest.raises(LookupError):
        providers.face("github")
    with pytest.raises(LookupError):
        providers.describe("github")
