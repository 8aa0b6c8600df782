"""mitmproxy, a real proxy: it logs all it sees, and wants credentials at one of its two ports.

It has an environment of its own, since it does not go together with what else the tests use.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from kit.act import UV, made_once

MITMPROXY = "mitmproxy==11.0.2"  # the newest that Python 3.10 can install
ADDON = Path(__file__).with_name("mitmproxy_addon.py")
USER, PASSWORD = "runner", "Vt3@Pro/xy?9Q#x7%Lm"


class Seen(NamedTuple):
    """A request as the proxy saw it."""

    method: str
    host: str  # with its port
    headers: dict[str, str]


class RealProxy:
    """mitmproxy while it runs."""

    def __init__(self, ports: list[int], authority: Path, log: Path) -> None:
        free, locked = ports
        self.url = f"http://127.0.0.1:{free}"
        self.over_tls = f"https://localhost:{free}"
        self.locked = f"127.0.0.1:{locked}"
        self.authority = authority  # that it opens TLS with
        self._log = log
        self._read = 0

    def seen(self) -> list[Seen]:
        """Return the requests that came since the last call."""
        text = self._log.read_text(encoding="utf-8") if self._log.exists() else ""
        new, self._read = text[self._read :], len(text)
        return [Seen(**json.loads(line)) for line in new.splitlines()]

    def locked_url(self, password: str | None = PASSWORD) -> str:
        """Return the address of the port that wants credentials, with that password."""
        credentials = "" if password is None else f"{USER}:{quote(password, safe='')}@"
        return f"http://{credentials}{self.locked}"


def install(cache: Path) -> Path:
    """Install mitmproxy below `cache`, once for each version of it and of Python."""

    def make(directory: Path) -> None:
        # The certificates of this machine, as pip takes them.
        command = [str(UV), "pip", "install", "--quiet", "--system-certs"]
        command += ["--python", sys.executable, "--target", str(directory), MITMPROXY]
        subprocess.run(command, check=True, capture_output=True, timeout=300)

    return made_once(cache / f"{MITMPROXY}-{sys.implementation.cache_tag}", make)


@contextlib.contextmanager
def running(installed: Path, directory: Path, trusted: Path) -> Iterator[RealProxy]:
    """Run mitmproxy with its files in a directory; `trusted` are the authorities that it trusts."""
    log = directory / "proxy.log"
    options = {
        "confdir": str(directory),
        "proxyauth": f"{USER}:{PASSWORD}",
        "ssl_verify_upstream_trusted_ca": str(trusted),
    }
    command = [sys.executable, str(installed / "bin" / "mitmdump"), "--quiet"]
    command += ["--scripts", str(ADDON)]
    for place in ("127.0.0.1", "localhost"):  # two names: one may be named once
        command += ["--mode", f"regular@{place}:0"]
    for name, value in options.items():
        command += ["--set", f"{name}={value}"]
    environ = {"PATH": os.defpath, "HOME": str(directory), "PYTHONPATH": str(installed)}
    environ["PROXY_LOG"] = str(log)
    with subprocess.Popen(command, env=environ, cwd=directory, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout
            ports = process.stdout.readline()
            assert ports, "mitmproxy did not start; it says why above"
            yield RealProxy(json.loads(ports), directory / "mitmproxy-ca-cert.pem", log)
        finally:
            process.terminate()
