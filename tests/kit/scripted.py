"""A server whose answer depends on the token that is presented: many answers for one run."""

from __future__ import annotations

from kit.gitlab_server import Answer, GitLab, Request


class Scripted(GitLab):
    """Gives each token in `answers` its own answer, and all others GitLab's."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[str, Answer] = {}

    def respond(self, request: Request) -> Answer:
        found = self.answers.get(presented(request))
        if found is None:
            return super().respond(request)
        self.requests.append(request)
        return found


def presented(request: Request) -> str:
    """Return the token that a request carries."""
    headers = request.headers
    bearer = headers.get("authorization", "").partition(" ")[2]
    return headers.get("private-token") or headers.get("job-token") or bearer
