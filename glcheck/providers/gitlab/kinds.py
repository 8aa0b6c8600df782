"""GitLab's kinds of tokens (doc/security/tokens), and what can be asked of each."""

from __future__ import annotations

from collections.abc import Mapping

from glcheck.description import Kind

# A personal, project, group or service account's token, where nobody asked which of them.
ACCESS_TOKEN = "access-token"  # noqa: S105 - the name of a kind
OF_ACCOUNTS = ("personal", "project", "group", "service-account")  # the owner tells which
KINDS: Mapping[str, Kind] = {
    "personal": Kind("a personal access token"),
    "project": Kind("a project access token"),
    "group": Kind("a group access token"),
    "service-account": Kind("a service account's token"),
    "job": Kind(
        "a job token",
        meets=("kind", "max-validity"),  # it lives no longer than its job
        lacks="no scopes, no role and no expiry date",
        use="Pass CI_JOB_TOKEN here.",
    ),
    "oauth": Kind("an OAuth access token"),
    ACCESS_TOKEN: Kind(
        "an access token (personal, project, group or service account)", one_of=OF_ACCOUNTS
    ),
}
