"""Writes a CycloneDX SBOM to standard output: glcheck's wheel and what the action installs.

`python .ci/sbom.py WHEEL LOCK`, from release.yml. The same wheel and lock file make the same SBOM.
It needs nothing but Python, so that a release is made with as little foreign code as possible.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import uuid
import zipfile
from datetime import datetime, timezone
from email.message import Message
from email.parser import Parser
from pathlib import Path
from typing import Any, NamedTuple


class Locked(NamedTuple):
    """A package of the lock file."""

    name: str
    version: str
    hashes: list[str]  # SHA-256 of each of its files
    via: list[str]  # the packages that need it

    @property
    def purl(self) -> str:
        """Its name in the whole world."""
        return f"pkg:pypi/{self.name}@{self.version}"


def locked(text: str) -> list[Locked]:
    """The packages of a lock file, as `make lock` writes it."""
    found: list[Locked] = []
    for line in text.splitlines():
        if start := re.match(r"([\w.-]+)==([^\s;\\]+)", line):
            found.append(Locked(start[1], start[2], [], []))
        elif sha256 := re.match(r" +--hash=sha256:(\w+)", line):
            found[-1].hashes.append(sha256[1])
        elif via := re.match(r" +#(?: via|  ) (\S+)", line):
            found[-1].via.append(via[1])
    return found


def sbom(wheel: Message, sha256: str, packages: list[Locked], time: datetime) -> dict[str, Any]:
    """The SBOM as CycloneDX 1.6."""
    name, version = wheel["Name"], wheel["Version"]
    root = f"pkg:pypi/{name}@{version}"
    parents = {root: name} | {package.purl: package.name for package in packages}
    content = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "lifecycles": [{"phase": "build"}],
            "authors": [{"name": wheel["Author"]}],
            "component": {
                "type": "application",
                "bom-ref": root,
                "name": name,
                "version": version,
                "description": wheel["Summary"],
                "licenses": [{"expression": wheel["License-Expression"]}],
                "purl": root,
                "hashes": [{"alg": "SHA-256", "content": sha256}],
                "properties": [
                    {"name": "glcheck:requires", "value": text}
                    for text in wheel.get_all("Requires-Dist", [])
                ],
            },
        },
        "components": [
            {
                "type": "library",
                "bom-ref": package.purl,
                "name": package.name,
                "version": package.version,
                "purl": package.purl,
                "externalReferences": [
                    {
                        "type": "distribution",
                        "url": package.purl,
                        "hashes": [
                            {"alg": "SHA-256", "content": sha256} for sha256 in package.hashes
                        ],
                    }
                ],
            }
            for package in packages
        ],
        "dependencies": [
            {
                "ref": ref,
                "dependsOn": [package.purl for package in packages if parent in package.via],
            }
            for ref, parent in parents.items()
        ],
    }
    # actions/attest takes no SBOM without a serial number. It follows from the rest, so that it is
    # the same each time.
    return content | {"serialNumber": uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(content)).urn}


def main(wheel: Path, lock: Path) -> None:
    """Read both files and print the SBOM."""
    with zipfile.ZipFile(wheel) as archive:
        (path,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = Parser().parsestr(archive.read(path).decode())
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
    time = datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), timezone.utc)
    print(
        json.dumps(sbom(metadata, sha256, locked(lock.read_text(encoding="utf-8")), time), indent=2)
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
