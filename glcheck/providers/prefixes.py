"""Whose token it is, where its public prefix tells: for a token in the wrong place."""

from __future__ import annotations

_PREFIXES = {
    "a GitHub token": ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
    "an AWS key": ("AKIA",),
    "a Slack token": ("xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-"),
    "an npm token": ("npm_",),
    "a PyPI token": ("pypi-",),
    "an API key of another service": ("sk-", "sk_live_", "sk_test_"),
    "a Docker token": ("dckr_pat_", "dckr_oat_"),
}


def whose_token(secret: str) -> str | None:
    """Whose token it is, as "a GitHub token"; None where its beginning does not tell."""
    found = (who for who, prefixes in _PREFIXES.items() if secret.startswith(prefixes))
    return next(found, None)
