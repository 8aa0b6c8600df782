"""What is told in place of GitLab, or by it, and tables of what a run concludes from that."""

from __future__ import annotations

from typing import Any

from kit.command import Run
from kit.gitlab_server import Answer
from kit.policies import Settings, verdicts

Rows = dict[str, tuple[Settings, str]]  # settings of a token, and the category that it ends with
HTML = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Company login</body></html>"
TEXT = (("Content-Type", "text/plain"),)
JSON = (("Content-Type", "application/json"),)
UNKNOWN = {"message": "401 Unauthorized"}
EXPIRED = "Token is expired. You can either do re-authorization or token refresh."
REVOKED = "Token was revoked. You have to re-authorize from the user."
NO_IMPERSONATION = "Token is an impersonation token but impersonation was disabled."
NO_OAUTH = "400 Bad request - This endpoint requires token type to be a personal access token"
FAULT = Answer(500, {"message": "500 Internal Server Error"})
NO_PROJECT = {"message": "404 Project Not Found"}
OAUTH = "0123456789abcdef" * 4
JOB = "glcbt-64_3fZ1p5y4XWcCvMGVlfak"


def invalid_token(text: str) -> dict[str, str]:
    """What GitLab answers with 401 about a token that it knows."""
    return {"error": "invalid_token", "error_description": text}


def forbidden(text: str) -> dict[str, str]:
    """What GitLab answers with 403 about an account."""
    return {"message": f"403 Forbidden - {text}"}


def too_many(wait: str) -> Answer:
    """An answer that asks to wait, in these words of a Retry-After header."""
    return Answer(429, "Retry later\n", (*TEXT, ("Retry-After", wait)))


def expect(run: Run, rows: Rows, *args: str, **options: Any) -> None:
    """Check tokens with these settings, and see each end with its category."""
    found = verdicts(run, {name: row[0] for name, row in rows.items()}, *args, **options)
    assert found == {name: row[1] for name, row in rows.items()}
