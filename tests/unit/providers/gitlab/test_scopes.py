"""Which scope gives which, row by row, and what may be noted of it."""

from __future__ import annotations

import pytest

from glcheck.providers.gitlab import scopes

# Each scope, and what satisfies it besides itself.
ALSO_SATISFIED_BY = {
    "api": "", "read_api": "api", "read_user": "read_api api", "read_service_ping": "read_api api",
    "read_repository": "write_repository api", "write_repository": "api", "read_registry": "api",
    "write_registry": "api", "read_virtual_registry": "api", "write_virtual_registry": "api",
    "create_runner": "api", "manage_runner": "api", "ai_features": "api", "self_rotate": "api",
    "k8s_proxy": "", "sudo": "", "admin_mode": "", "read_observability": "", "openid": "",
    "write_observability": "", "profile": "", "email": "", "brand_new": "",
}  # fmt: skip


@pytest.mark.parametrize("personal", [False, True], ids=["bot", "person"])
@pytest.mark.parametrize("required", ALSO_SATISFIED_BY)
def test_a_scope_is_satisfied_by_itself_and_what_implies_it(required: str, personal: bool) -> None:
    enough = {required, *ALSO_SATISFIED_BY[required].split()}
    if personal and required == "read_registry":
        enough.add("read_api")
    for held in ALSO_SATISFIED_BY:
        expected = held if held in enough else None
        assert scopes.satisfied_by(required, ("other", held), personal) == expected
    assert scopes.satisfied_by(required, (), personal) is None


@pytest.mark.parametrize(
    ("required", "held", "through"),
    [
        ("read_user", "api read_user", "read_user"),
        ("read_user", "api read_api", "read_api"),
        ("read_repository", "api write_repository", "write_repository"),
        ("read_registry", "read_api api", "api"),
        ("API", "api", None),
    ],
)
def test_the_nearest_scope_that_is_held_counts(required: str, held: str, through: object) -> None:
    assert scopes.satisfied_by(required, held.split(), personal=True) == through


@pytest.mark.parametrize(("required", "held"), [
    ("read_registry", "read_api read_registry"), ("read_registry", "read_api api"),
    ("read_registry", "read_user"), ("write_registry", "read_api"), ("", "read_api"),
])  # fmt: skip
def test_only_the_registry_through_read_api_depends_on_the_kind(required: str, held: str) -> None:
    assert not scopes.depends_on_kind(required.split(), held.split())
    assert scopes.depends_on_kind(["read_registry"], ["read_api"])
    assert scopes.depends_on_kind(["sudo", "read_registry"], ["read_user", "read_api"])


def test_only_git_over_write_repository_has_a_caveat() -> None:
    pairs = [(one, other) for one in ALSO_SATISFIED_BY for other in ALSO_SATISFIED_BY]
    with_caveat = [pair for pair in pairs if scopes.caveat(*pair)]
    assert with_caveat == [("read_repository", "write_repository")]


NEAR = {"read_apis": "read_api", "READ_API": "read_api", "apis": "api", "xyz": None, "": None}
NEAR |= {"write-repository": "write_repository", **dict.fromkeys(list(ALSO_SATISFIED_BY)[:-1])}


@pytest.mark.parametrize(("name", "near"), NEAR.items())
def test_a_mistyped_scope_has_a_near_one_and_a_known_scope_none(name: str, near: object) -> None:
    assert scopes.nearest(name) == near
