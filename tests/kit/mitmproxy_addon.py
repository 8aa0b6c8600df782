"""What the tests' mitmproxy does beside proxying; mitmdump loads this file.

TLS to 127.0.0.1 is opened and made anew, as a company's proxy does it; to localhost it stays.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from mitmproxy import ctx  # type: ignore[import-not-found]

OPENED = "127.0.0.1"
FREE = 0  # the first listener is for everybody, the second one wants credentials


def ports() -> list[int]:
    """Return the ports that the system chose, in the order of the modes."""
    return [server.listen_addrs[0][1] for server in ctx.master.addons.get("proxyserver").servers]


def running() -> None:
    """Tell the tests the ports."""
    print(json.dumps(ports()), flush=True)


def tls_clienthello(data: Any) -> None:
    """Keep out of TLS to other hosts; without an address it is TLS to the proxy itself."""
    address = data.context.server.address
    data.ignore_connection = bool(address) and address[0] != OPENED


def http_connect(flow: Any) -> None:
    """Log who is to be reached."""
    log(flow)


def requestheaders(flow: Any) -> None:
    """Log a request that the proxy can read."""
    log(flow)


def log(flow: Any) -> None:
    """Write down all there is to a request, and let it pass at the free listener."""
    request = flow.request
    host = f"{request.host}:{request.port}"
    seen = {"method": request.method, "host": host, "headers": dict(request.headers)}
    with Path(os.environ["PROXY_LOG"]).open("a", encoding="utf-8") as file:
        file.write(json.dumps(seen) + "\n")
    if flow.client_conn.sockname[1] == ports()[FREE]:
        # The refusal: mitmproxy asks for credentials at all of its listeners or at none.
        flow.response = None
