"""The demo GitLab for a workflow: it serves on loopback while the steps of a job go on, until the
job stops it.

`python3 serve.py` starts it, waits until it listens, and writes its address, its process id and a
token for each case to the file that GITHUB_ENV names, or to standard output. `python3 serve.py
stop` ends it. It needs nothing but Python, and ends by itself after DEMO_SECONDS (900), in case
nobody stops it.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))  # the GitLab of the tests
from kit.gitlab_server import GitLab, Project, Token, in_days

PROJECT = "shop/backend"
DIES_AT = in_days(100)
# The variable that a workflow passes on, and its token; each belongs to a user of its own.
TOKENS = {
    "TOKEN_OK": Token(
        "glpat-serveokAAAAAAAAAAAAA", scopes=("read_api", "write_repository"), expires_at=DIES_AT
    ),
    "TOKEN_EXPIRED": Token("glpat-serveexpiredAAAAAAAA", expires_at=in_days(-2)),
    "TOKEN_REVOKED": Token("glpat-serverevokedAAAAAAAA", revoked=True),
    "TOKEN_DYING": Token("glpat-servedyingAAAAAAAAAA", expires_at=in_days(5)),
    "TOKEN_ENDLESS": Token("glpat-serveendlessAAAAAAAA", expires_at=None),
    "TOKEN_READER": Token("glpat-servereaderAAAAAAAAA", scopes=("read_api",)),
    "TOKEN_POWERFUL": Token("glpat-servepowerfulAAAAAAA", scopes=("api", "sudo")),
    "TOKEN_DEVELOPER": Token("glpat-servedeveloperAAAAAA"),
    "TOKEN_OUTSIDER": Token("glpat-serveoutsiderAAAAAAA"),
}
# Values that GitLab does not know.
STRANGERS = {
    "TOKEN_INVALID": "glpat-serveinvalidAAAAAAAA",
    "TOKEN_MALFORMED": '"glpat-servequotedAAAAAAAAA"',
}
ROLES = {"TOKEN_OK": 40, "TOKEN_DEVELOPER": 30}  # access levels in PROJECT


def serve() -> None:
    """Be that GitLab: tell on standard output how to reach it.

    Close that, and stay until the time is over.
    """
    seconds = float(os.environ.get("DEMO_SECONDS", "900"))
    with GitLab() as gitlab, socket.socket() as closed:
        members = {}
        for number, (name, token) in enumerate(TOKENS.items(), start=1):
            gitlab.add(token._replace(user_id=number))
            if name in ROLES:
                members[number] = ROLES[name]
        gitlab.add_project(Project(PROJECT, members=members))
        # Bound, but not listening: whoever connects is refused, and nobody else can get the port.
        closed.bind(("127.0.0.1", 0))
        values = {
            "DEMO_URL": gitlab.url,
            "DEMO_CLOSED_URL": f"http://127.0.0.1:{closed.getsockname()[1]}",
            "DEMO_PROJECT": PROJECT,
            "DEMO_DIES_AT": DIES_AT,
            **{name: token.value for name, token in TOKENS.items()},
            **STRANGERS,
            "DEMO_PID": str(os.getpid()),
        }
        print(*(f"{name}={value}" for name, value in values.items()), sep="\n", flush=True)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        threading.Event().wait(seconds)


def start() -> int:
    """Start it as a process that outlives this one; return 0 once it listens."""
    server = subprocess.Popen(
        [sys.executable, str(Path(__file__).resolve()), "serve"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        # The same on Windows, where it has to leave the console of the step as well.
        creationflags=getattr(subprocess, "DETACHED_PROCESS", 0)
        | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
    )
    # The output ends when the server has told everything, or has died: waiting for its end waits
    # for both.
    assert server.stdout
    told = server.stdout.read()
    if "\nDEMO_PID=" not in told:
        print(told, file=sys.stderr)
        return 1
    if "GITHUB_ENV" in os.environ:
        with Path(os.environ["GITHUB_ENV"]).open("a", encoding="utf-8", newline="\n") as file:
            file.write(told)
    else:
        print(told, end="")
    return 0


def stop() -> int:
    """End the server that DEMO_PID names, if there is one."""
    pid = os.environ.get("DEMO_PID")
    if pid:
        os.kill(int(pid), signal.SIGTERM)
    return 0


def main(arguments: list[str]) -> int:
    """Do what the only argument says; start the server if there is none."""
    match arguments:
        case []:
            return start()
        case ["stop"]:
            return stop()
        case ["serve"]:
            serve()
            return 0
    print("usage: serve.py [stop]", file=sys.stderr)
    return 2


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
