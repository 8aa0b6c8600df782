"""Which variables name GitLab and its tokens (doc/ci/variables, and what its clients read)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from glcheck import address

TOKEN_VARIABLES: tuple[str, ...] = (
    "GITLAB_TOKEN",
    "GL_TOKEN",
    "GITLAB_ACCESS_TOKEN",
    "GITLAB_PRIVATE_TOKEN",
)
PUBLIC_URL: str = "https://gitlab.com"
URL_DEFAULT: str = (
    "in GitLab CI from CI_API_V4_URL, else CI_SERVER_URL; elsewhere GITLAB_URL, GITLAB_HOST; "
    f"else {PUBLIC_URL}"
)
# In the order in which they give the default; CI_API_V4_URL holds the path of a relative root too.
_FROM_CI = ("CI_API_V4_URL", "CI_SERVER_URL")
_ELSEWHERE = ("GITLAB_URL", "GITLAB_HOST")
# As messages name them: the likeliest to be set by hand comes first.
URL_VARIABLES: tuple[str, ...] = ("GITLAB_URL", "GITLAB_HOST", "CI_SERVER_URL", "CI_API_V4_URL")


def default_url(environ: Mapping[str, str]) -> tuple[str, str]:
    """The variable that names GitLab's address and its text; ("", gitlab.com) where none does."""
    for name in (*(_FROM_CI if environ.get("GITLAB_CI") else ()), *_ELSEWHERE):
        if environ.get(name, "").strip():
            return name, _complete(name, environ[name].strip())
    return "", PUBLIC_URL


def urls(environ: Mapping[str, str]) -> Iterator[str]:
    """The texts of all variables that can name GitLab's address; a policy file may use these."""
    return (_complete(name, environ.get(name, "").strip()) for name in (*_FROM_CI, *_ELSEWHERE))


def _complete(variable: str, text: str) -> str:
    """The text as an address: GITLAB_HOST may hold a bare host."""
    return f"https://{text}" if variable == "GITLAB_HOST" and "://" not in text else text


def base_url(url: str) -> str:
    """The address as a person knows it, without the path of the API below it."""
    return url.removesuffix("/api/v4").rstrip("/")


def ca_file(environ: Mapping[str, str], url: str) -> str | None:
    """GitLab CI's own CA bundle, for its own server only (predefined_variables)."""
    file = environ.get("CI_SERVER_TLS_CA_FILE", "")
    if not file or not Path(file).is_file():
        return None
    for name in _FROM_CI:
        try:
            if address.origin(address.read(environ.get(name, "")))[1] == address.origin(url)[1]:
                return file
        except ValueError:
            continue
    return None
