"""What each category means, for `glcheck explain` and for docs/categories.md, which is made from it."""

from __future__ import annotations

from typing import NamedTuple

from glcheck.categories import Category


class Page(NamedTuple):
    """All there is to say about one category."""

    meaning: str
    causes: tuple[str, ...]
    said: str  # what GitLab said, for glcheck to conclude this
    status: str  # the HTTP status of that answer
    fix: str


_NOTHING_SENT = "nothing: no request was made"

PAGES: dict[Category, Page] = {
    Category.OK: Page(
        "Every requirement is met. There may be warnings.",
        ("The token lives, and GitLab described it.",),
        "it described the token",
        "200",
        "There is nothing to do.",
    ),
    Category.USAGE_ERROR: Page(
        "The command line or a GLCHECK_ variable cannot be used. Nothing was checked.",
        (
            "A flag is misspelled, has no value, or a value that it does not take.",
            "The address begins with http:// and is not loopback.",
            "The file of `ca-file` does not exist, or a report cannot be written.",
            "A role is asked for, but no project or group to have it in.",
        ),
        _NOTHING_SENT,
        "none",
        "Correct what the message names; `glcheck check --help` lists all flags.",
    ),
    Category.CONFIG_ERROR: Page(
        "The policy file cannot be used. Nothing was checked.",
        (
            "It is not valid YAML, or holds an unknown key, a wrong value, or the same name twice.",
            "It holds a token's value; a policy file names the variable that holds it.",
            "It was merely found, not named, and sends tokens to an address that nothing outside it names.",
        ),
        _NOTHING_SENT,
        "none",
        "Correct the line that the message names; `glcheck config` validates the file without asking GitLab.",
    ),
    Category.TOKEN_MISSING: Page(
        "There is no token to check.",
        (
            "The variable is not set, or empty; or the file is absent, unreadable or empty.",
            "GitHub gives no secrets to pull requests from forks, nor to runs that Dependabot starts.",
            "A reusable workflow gets secrets only if its caller says `secrets: inherit`.",
            "GitLab gives protected variables only to protected branches and tags, and a variable with an "
            "environment scope only to jobs of that environment.",
        ),
        _NOTHING_SENT,
        "none",
        "Store the token where the message looked for it, or name the right place with `token-env` or `token-file`.",
    ),
    Category.TOKEN_MALFORMED: Page(
        "What was found cannot be a GitLab token, so it was not sent. As a warning: a line break was left out.",
        (
            "There are blanks, line breaks or quotes in it.",
            "A variable in it was never filled in: `$NAME`, `${{ … }}`.",
            "It is a log's mask (`***`, `[MASKED]`), or another vendor's token.",
            "It was cut or mistyped: its end is missing, or its checksum is wrong.",
        ),
        _NOTHING_SENT,
        "none",
        "Copy the token again, whole, and store it anew.",
    ),
    Category.TOKEN_INVALID: Page(
        "GitLab does not know the token.",
        (
            "It is mistyped.",
            "It was deleted. GitLab also deletes project and group tokens 30 days after they expired.",
            "It belongs to another GitLab than `url`.",
            "It is of a kind that this cannot be asked of.",
        ),
        '`{"message": "401 Unauthorized"}`',
        "401",
        "Check `url`; then copy the token again, or make a new one.",
    ),
    Category.TOKEN_EXPIRED: Page(
        "The token has expired. It dies at 00:00 UTC at the start of its expiry date.",
        ("Its expiry date has come.",),
        '`{"error": "invalid_token"}` with "Token is expired", or a description that is not active',
        "401 or 200",
        "Make a new token on the page that the message names.",
    ),
    Category.TOKEN_REVOKED: Page(
        "Somebody revoked the token, or it was replaced when it was rotated.",
        (
            "It was revoked by hand, or by GitLab after it had been leaked.",
            "It was rotated, and the new value was not stored here.",
        ),
        '`{"error": "invalid_token"}` with "Token was revoked", or a description that says so',
        "401 or 200",
        "If it was rotated, store the new value; else make a new token.",
    ),
    Category.ACCOUNT_RESTRICTED: Page(
        "The token may be sound, but its account may not use the API now.",
        (
            "The account is blocked, deactivated, or waits for approval.",
            "It has to accept terms, confirm its e-mail address, or change its password.",
            "The instance has switched impersonation tokens off, or the account demands DPoP.",
        ),
        '`{"message": "403 Forbidden - …"}` with the reason; `dpop_error`; or that impersonation is disabled',
        "403 or 401",
        "Do what the message says with that account, or ask an administrator.",
    ),
    Category.WRONG_TOKEN_KIND: Page(
        "The token is of a kind that cannot be checked or used for this.",
        (
            "It is a deploy, runner, trigger, feed or agent token, which GitLab cannot describe.",
            "It is not the `kind` that was asked for.",
            "It is a job token, which has no scopes, role or date, and one of these was asked for.",
        ),
        "what kind it is; or nothing, where the token's prefix tells",
        "200, or none",
        "Use a token of the right kind.",
    ),
    Category.EXPIRES_SOON: Page(
        "The token works, but less is left of it than `min-validity` asks for; as a warning, than `warn-validity`.",
        ("Its expiry date is near.",),
        "its expiry date",
        "200",
        "Replace it before then.",
    ),
    Category.SCOPE_MISSING: Page(
        "The token works, but lacks a scope, or a permission if it is fine-grained.",
        (
            "It was made without that scope; scopes cannot be added later.",
            "A check of project, group, role or kind takes read_api or read_user.",
        ),
        "the scopes it holds; or `insufficient_scope`, `insufficient_granular_scope`",
        "200 or 403",
        "Make a new token with the scopes that the message names.",
    ),
    Category.SCOPE_FORBIDDEN: Page(
        "The token holds a scope of `forbid-scopes`: it may do more than it should.",
        ("It was made with more scopes than its task needs.",),
        "the scopes it holds",
        "200",
        "Make a new token with fewer scopes.",
    ),
    Category.ROLE_TOO_LOW: Page(
        "The token's account reaches the project or group, but not with the role that is asked for.",
        (
            "It is a member with a lower role, or no member of something that everybody can see.",
            "It has its power as an administrator, which does not count here.",
        ),
        "its access level there",
        "200 or 403",
        "Give the account that role; for a project or group token, make a new one with it.",
    ),
    Category.NOT_FOUND: Page(
        "The project or group does not exist, or is hidden from this token.",
        (
            "The path is misspelled, or was moved.",
            "The token's account is no member.",
            "The group lets in other IP addresses only.",
        ),
        '`{"message": "404 Project Not Found"}`, `{"message": "404 Group Not Found"}`',
        "404",
        "Check the path, and make the token's account a member.",
    ),
    Category.LIVES_TOO_LONG: Page(
        "More is left of the token than `max-validity` allows, or it never expires.",
        ("It was made with a far expiry date, or with none.",),
        "its expiry date",
        "200",
        "Make a new token with a nearer date.",
    ),
    Category.SCOPE_UNKNOWN: Page(
        "The token is fine-grained. It has permissions instead of scopes, so that scopes cannot be judged.",
        ("`scopes` or `forbid-scopes` is asked of a fine-grained token.",),
        "that the token is granular",
        "200",
        "Ask for project and role instead, or use a token with scopes.",
    ),
    Category.NETWORK_ERROR: Page(
        "GitLab could not be reached, so there is no verdict on the token.",
        (
            "The name cannot be resolved, or nothing listens there.",
            "The connection was cut, or the server was silent for longer than `timeout`.",
            "A proxy refuses.",
            "The whole run took longer than `max-wait`.",
        ),
        "nothing",
        "none, or 407 from a proxy",
        "Check the address and the network, then try again.",
    ),
    Category.TLS_ERROR: Page(
        "The server's certificate cannot be trusted, or TLS could not be started. The token was not sent.",
        (
            "The instance uses a private CA that this machine does not know.",
            "The certificate has expired, or is for another host.",
            "Something in between intercepts TLS.",
        ),
        "nothing",
        "none",
        "Name the CA's bundle with `ca-file`. There is no way to switch the check off.",
    ),
    Category.RATE_LIMITED: Page(
        "The server turns requests away because there were too many, and the wait does not fit into `max-wait`.",
        ("Many jobs ask at the same time, or the instance has a low limit.",),
        "that there were too many requests",
        "429",
        "Try again later, or raise `max-wait`.",
    ),
    Category.SERVER_ERROR: Page(
        "The server has a fault of its own, so there is no verdict on the token.",
        ("GitLab or the proxy in front of it is down, overloaded, or being updated.",),
        "a server error",
        "5xx",
        "Try again later.",
    ),
    Category.NOT_GITLAB: Page(
        "The answer is not one that GitLab gives, so it says nothing about the token.",
        (
            "`url` is not the address of a GitLab, or lacks its path.",
            "A login portal, a firewall or a proxy answers in its place.",
            "The address redirects, for example to another host name.",
        ),
        "nothing: it was not GitLab that spoke",
        "any",
        "Check `url`, and what stands between this machine and GitLab.",
    ),
    Category.UNSUPPORTED_SERVER: Page(
        "This GitLab cannot describe the token.",
        (
            "It is older than 15.5.",
            "It does not describe this kind of token.",
        ),
        "that it does not know the route",
        "404 or 400",
        "Update GitLab, or use a personal access token; job tokens and OAuth tokens can be checked as it is.",
    ),
    Category.INTERNAL_ERROR: Page(
        "glcheck itself failed. This says nothing about the token.",
        ("A fault in glcheck.",),
        "nothing",
        "none",
        "Report it with what `glcheck -v check` prints; it holds no secret.",
    ),
}


def listing() -> str:
    """All categories with their exit codes, a line each."""
    lines = [f"{category.exit_code:>3}  {category.label:<19} {PAGES[category].meaning}" for category in Category]
    return "\n".join([*lines, "", "`glcheck explain CATEGORY` tells more about one."]) + "\n"


def page(category: Category) -> str:
    """What there is to say about one category, for a terminal."""
    about = PAGES[category]
    causes = "\n".join(f"  - {cause}" for cause in about.causes)
    return (
        f"{category.label} (exit code {category.exit_code})\n\n{about.meaning}\n\n"
        f"usual causes:\n{causes}\n\n"
        f"GitLab said: {about.said} (HTTP status: {about.status})\n"
        f"fix: {about.fix}\n"
    )


def markdown() -> str:
    """All categories as docs/categories.md has them."""
    parts = [
        "# Categories",
        "Made from `glcheck/explain.py` by `make docs`; `glcheck explain CATEGORY` prints the same.",
        "1x is about the token itself, 2x about a requirement, 3x means that GitLab could not be asked. Of several "
        "errors, the lowest code is the exit code. 1 is never used, and all other codes are reserved.",
    ]
    for category in Category:
        about = PAGES[category]
        parts += [
            f"## {category.label}",
            about.meaning,
            "\n".join(f"- {cause}" for cause in about.causes),
            f"| exit code | HTTP status | GitLab said |\n| --- | --- | --- |\n"
            f"| {category.exit_code} | {about.status} | {about.said} |",
            f"**Fix:** {about.fix}",
        ]
    return "\n\n".join(parts) + "\n"
