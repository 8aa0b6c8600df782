"""Whose tokens can be checked: the table of providers, and what each has to know.

A provider is a folder. Its face, the package itself, has names, tables and pure functions, and is
cheap to import; `ask` beside it talks to the server. Nothing outside of this package imports from
a provider's folder: what is to be known of one is asked here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Protocol

    from glcheck.description import Description, Kind, Owner, Shape, Token
    from glcheck.masking import Clean
    from glcheck.policy import Requirements, TokenPolicy
    from glcheck.transport.asked_once import Asker

    Describe = Callable[[Requirements, Shape, Asker, Clean], Iterator[Description]]

    class Provider(Protocol):
        """A provider's face. mypy holds each provider's package against it, in `face`."""

        NAME: str  # as sentences call it
        PUBLIC_URL: str  # where most people's tokens are
        TOKEN_VARIABLES: tuple[str, ...]  # that usually hold its tokens; the first one counts
        URL_DEFAULT: str  # where the address comes from if nobody sets it, in words
        URL_VARIABLES: tuple[str, ...]  # that name its address, as messages list them
        KINDS: Mapping[str, Kind]
        ROLES: Mapping[str, int]  # each with its level, the least first
        GIT_HOSTS: Mapping[str, str]  # other names of hosts that git pushes to
        SCOPES_CANNOT_BE_ADDED: str  # what to do about a scope that is missing,
        SCOPES_CANNOT_BE_TAKEN: str  # and about one that should not be there

        def default_url(self, environ: Mapping[str, str]) -> tuple[str, str]:
            """The variable that names the address, and its text; ("", PUBLIC_URL) where none."""

        def urls(self, environ: Mapping[str, str]) -> Iterable[str]:
            """The texts of all variables that can name its address."""

        def base_url(self, url: str) -> str:
            """The address as a person knows it, without the path of an API."""

        def ca_file(self, environ: Mapping[str, str], url: str) -> str | None:
            """The CA bundle that the environment has for that address."""

        def shape_of(self, secret: str) -> Shape:
            """What the characters of a token tell."""

        def looks_like_token(self, text: str) -> bool:
            """Whether a text that ought to be a name is a token's value, or holds one."""

        def satisfied_by(
            self, required: str, held: Collection[str], owner: Owner | None
        ) -> str | None:
            """The held scope that satisfies the required one, or None."""

        def depends_on_owner(self, required: Collection[str], held: Collection[str]) -> list[str]:
            """The required scopes of which only the owner tells whether they are satisfied."""

        def caveat(self, required: str, through: str) -> str | None:
            """What being held through another scope does not cover."""

        def nearest_scope(self, name: str) -> str | None:
            """The known scope that looks most like an unknown name."""

        def role_at(self, level: int) -> str:
            """The role at that level."""

        def raise_role(self, what: str, which: str, role: str) -> str:
            """What to do about a role that is too low in a project or group."""

        def replacement(
            self, policy: TokenPolicy, token: Token | None, lacking: Sequence[str]
        ) -> str:
            """How to make a new token in place of this one, to stand inside a sentence."""


NAMES = ("gitlab",)
DEFAULT = "gitlab"
# By the public prefixes of their tokens, for one in the wrong place.
_OTHERS = {
    "a GitHub token": ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
    "an AWS key": ("AKIA",),
    "a Slack token": ("xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-"),
    "an npm token": ("npm_",),
    "a PyPI token": ("pypi-",),
    "an API key of another service": ("sk-", "sk_live_", "sk_test_"),
    "a Docker token": ("dckr_pat_", "dckr_oat_"),
}


def face(name: str) -> Provider:
    """What is to be known of that provider, one of NAMES, before anything is asked."""
    if name == "gitlab":
        from glcheck.providers import gitlab

        return gitlab
    raise LookupError(name)


def describe(name: str) -> Describe:
    """The function that asks that provider. Loads what talks to servers."""
    if name == "gitlab":
        from glcheck.providers.gitlab import ask

        return ask.describe
    raise LookupError(name)


def kinds() -> tuple[str, ...]:
    """The kinds that can be asked for, of all providers."""
    every = (kind for name in NAMES for kind in face(name).KINDS.items())
    return tuple(dict.fromkeys(name for name, kind in every if not kind.one_of))


def roles() -> tuple[str, ...]:
    """The roles that can be asked for, of all providers, the least first."""
    return tuple(dict.fromkeys(role for name in NAMES for role in face(name).ROLES))


def whose_token(secret: str) -> str | None:
    """Whose token it is, as "a GitHub token"; None where its beginning does not tell."""
    return next((who for who, heads in _OTHERS.items() if secret.startswith(heads)), None)


def looks_like_token(text: str) -> bool:
    """Whether a text that ought to be a name or a path is a token's value, or holds one."""
    if len(text) >= 16 and whose_token(text):
        return True
    return any(face(name).looks_like_token(text) for name in NAMES)


def git_host(host: str) -> str:
    """The host that git means by one of its other names."""
    known = (face(name).GIT_HOSTS for name in NAMES)
    return next((hosts[host] for hosts in known if host in hosts), host)
