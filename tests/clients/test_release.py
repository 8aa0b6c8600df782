"""What release.yml does.

By its own scripts: the build twice, at two places of nothing in common.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from email.parser import Parser
from pathlib import Path
from typing import Any

import pytest
import yaml
from kit.act import BASH, ROOT, UV, commit, once, present, script
from kit.lock import locked

import glcheck

WORKFLOW = (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
JOBS = yaml.safe_load(WORKFLOW)["jobs"]
NAME = f"glcheck-{glcheck.__version__}"
WHEEL, SOURCE = f"dist/{NAME}-py3-none-any.whl", f"dist/{NAME}.tar.gz"
SBOM = "sbom/glcheck.cdx.json"
GITHUB = {
    "GITHUB_REF_NAME": f"v{glcheck.__version__}",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "owner/glcheck",
    "UV_SYSTEM_CERTS": "1",
}
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="release.yml runs on Linux")


# What should make no difference: path, umask, the time of every file, variables.
PLACES = {
    "here": (0o022, 1_000_000_000, {"TZ": "UTC", "LC_ALL": "C", "PYTHONHASHSEED": "1"}),
    "some where/else": (
        0o077,
        1_700_000_001,
        {"TZ": "Asia/Kathmandu", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "2"},
    ),
}


def beside(directory: Path) -> Path:
    """Return the directory that the runner has for itself."""
    return directory.with_name(f"{directory.name} of the runner")


def run(job: str, directory: Path, umask: int = -1, **environ: str) -> None:
    """Run the scripts of a job, step by step."""
    temporary = beside(directory)
    temporary.mkdir(exist_ok=True)
    path = os.pathsep.join((str(directory.parent / "bin"), str(UV.parent), os.environ["PATH"]))
    paths = {"RUNNER_TEMP": str(temporary), "GITHUB_OUTPUT": str(temporary / "output")}
    env = {**os.environ, "PATH": path, **paths, **GITHUB, **environ}
    for step in JOBS[job]["steps"]:
        if "run" in step:
            command = [BASH, "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
            subprocess.run(command, cwd=directory, env=env, umask=umask, check=True, timeout=300)


def copy(directory: Path, umask: int, time: int) -> None:
    """Commit a copy of the repository to a repository of its own, as of the same moment."""
    # Another order may be another order of a directory.
    for name in sorted(present(), reverse=directory.name == "else"):
        target = directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)
        target.chmod(target.stat().st_mode & ~umask)
        os.utime(target, (time, time))
    then = "1600000000 +0000"
    commit(directory, GIT_AUTHOR_DATE=then, GIT_COMMITTER_DATE=then)


def build(base: Path) -> None:
    """Build the release at each place, at the same time."""

    def at(place: str) -> None:
        umask, time, environ = PLACES[place]
        copy(base / place, umask, time)
        run("build", base / place, umask, **environ)

    with ThreadPoolExecutor() as pool:
        list(pool.map(at, PLACES))


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Give the directories in which the release was built."""
    base = once(tmp_path_factory, "releases", build)
    return [base / place for place in PLACES]


@pytest.fixture
def sbom(built: list[Path]) -> dict[str, Any]:
    """Give the list of what the wheel needs and the action installs."""
    return dict(json.loads((built[0] / SBOM).read_bytes()))


@pytest.fixture
def downloaded(built: list[Path], tmp_path: Path) -> Path:
    """Give a directory into which a later job has downloaded the files."""
    for folder in ("dist", "sbom"):
        shutil.copytree(built[0] / folder, tmp_path / "job" / folder)
    return tmp_path / "job"


def files(directory: Path) -> dict[str, bytes]:
    """Return what a build made."""
    made = [path for folder in ("dist", "sbom") for path in (directory / folder).glob("[!.]*")]
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in made}


def sums(content: dict[str, bytes]) -> str:
    """Return what sha256sum says of files."""
    digests = ((name, hashlib.sha256(data).hexdigest()) for name, data in sorted(content.items()))
    return "".join(f"{digest}  {name}\n" for name, digest in digests)


def known(directory: Path) -> str:
    """Return the hashes that the build hands on."""
    text = (beside(directory) / "output").read_text(encoding="utf-8")
    (hashes,) = re.findall(r"^hashes<<END\n(.*?)\nEND$", text, re.MULTILINE | re.DOTALL)
    return str(hashes)


@pytest.mark.slow
def test_a_release_is_the_same_bytes_wherever_and_whenever_it_is_built(built: list[Path]) -> None:
    one, other = map(files, built)
    assert {*one} == {WHEEL, SOURCE, SBOM}
    assert one == other
    assert [known(directory) + "\n" for directory in built] == [sums(one)] * 2


@pytest.mark.slow
def test_the_wheel_holds_the_package_and_nothing_else(built: list[Path]) -> None:
    present = [path for path in (ROOT / "glcheck").rglob("*") if path.is_file()]
    sources = [path for path in present if path.parent.name != "__pycache__"]
    package = {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in sources}
    assert "glcheck/py.typed" in package
    info = f"{NAME}.dist-info"
    own = ("METADATA", "WHEEL", "RECORD", "entry_points.txt")
    with zipfile.ZipFile(built[0] / WHEEL) as wheel:
        content = {name: wheel.read(name) for name in wheel.namelist()}
    assert content.pop(f"{info}/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
    assert content.keys() == {*package, *(f"{info}/{name}" for name in own)}
    assert {name: content[name] for name in package} == package
    with tarfile.open(built[0] / SOURCE) as source:
        names = {name.partition("/")[2] for name in source.getnames()}
    assert names == {*package, "LICENSE", "README.md", "pyproject.toml", "PKG-INFO"}


@pytest.mark.slow
def test_the_wheel_brings_the_command(built: list[Path], tmp_path: Path) -> None:
    venv = str(tmp_path / "venv")
    install = ["pip", "install", "--no-deps", "--python", venv, str(built[0] / WHEEL)]
    for words in (["venv", "--python", sys.executable, venv], install):
        subprocess.run([str(UV), "--quiet", *words], check=True, timeout=300)
    said = subprocess.check_output([f"{venv}/bin/glcheck", "--version"], text=True, cwd=tmp_path)
    assert said == f"glcheck {glcheck.__version__}\n"


@pytest.mark.slow
class TestSBOM:
    """The list of what the wheel needs and the action installs."""

    def test_it_is_valid_by_the_schema_of_cyclonedx(self, built: list[Path]) -> None:
        # Only here: it takes a second, and each worker of a test run imports this file.
        from cyclonedx.schema import SchemaVersion
        from cyclonedx.validation.json import JsonStrictValidator

        text = (built[0] / SBOM).read_text(encoding="utf-8")
        validator = JsonStrictValidator(SchemaVersion.V1_6)
        assert validator.validate_str(text) is None
        assert validator.validate_str(text.replace('"SHA-256"', '"SHA-257"', 1)) is not None

    def test_it_has_the_packages_of_the_lock_file_with_their_hashes(
        self, sbom: dict[str, Any]
    ) -> None:
        found = sbom["components"]
        listed = [(one["name"], one["version"], one["purl"], *hashes(one)) for one in found]
        lock = []
        for name, (requirement, options) in locked().items():
            version = str(requirement.specifier).removeprefix("==")
            known = [option.strip()[-64:] for option in options]
            lock.append((name, version, f"pkg:pypi/{name}@{version}", *known))
        assert sorted(listed) == sorted(lock)

    def test_it_is_about_this_very_wheel_and_what_that_needs(
        self, built: list[Path], sbom: dict[str, Any]
    ) -> None:
        root = sbom["metadata"]["component"]
        digest = hashlib.sha256((built[0] / WHEEL).read_bytes()).hexdigest()
        assert root["hashes"] == [{"alg": "SHA-256", "content": digest}]
        assert (root["name"], root["version"]) == ("glcheck", glcheck.__version__)
        with zipfile.ZipFile(built[0] / WHEEL) as wheel:
            metadata = Parser().parsestr(wheel.read(f"{NAME}.dist-info/METADATA").decode())
        needed = metadata.get_all("Requires-Dist", [])
        assert len(needed) == 2
        assert [one["value"] for one in root["properties"]] == needed
        assert sbom["metadata"]["timestamp"] == "2020-09-13T12:26:40Z"  # that of the commit

    def test_it_tells_what_needs_what(self, sbom: dict[str, Any]) -> None:
        needs = {one["ref"]: one["dependsOn"] for one in sbom["dependencies"]}
        names = {ref: re.split("[/@]", ref)[1] for ref in needs}
        found = {names[ref]: {names[other] for other in others} for ref, others in needs.items()}
        assert found == {
            **{name: set() for name in locked()},
            "glcheck": {"requests", "pyyaml"},
            "requests": {"certifi", "charset-normalizer", "idna", "urllib3"},
        }

    def test_it_can_be_attested(self, sbom: dict[str, Any]) -> None:
        """It has all by which actions/attest knows CycloneDX (src/sbom.ts); the step names it."""
        assert all(sbom.get(key) for key in ("bomFormat", "serialNumber", "specVersion"))
        (step,) = (step for step in attestations() if "sbom-path" in step["with"])
        assert step["with"] == {"subject-path": "dist/*", "sbom-path": SBOM}


def hashes(component: dict[str, Any]) -> list[str]:
    """Return the hashes of a component's files."""
    (reference,) = component["externalReferences"]
    assert {one["alg"] for one in reference["hashes"]} == {"SHA-256"}
    return [one["content"] for one in reference["hashes"]]


def attestations() -> list[dict[str, Any]]:
    """Return the steps that attest."""
    steps = JOBS["attest"]["steps"]
    return [step for step in steps if step.get("uses", "").startswith("actions/attest@")]


def test_every_file_gets_signed_provenance_before_it_is_published() -> None:
    """Provenance is what actions/attest makes where no predicate and no SBOM is named (README)."""
    (step,) = (step for step in attestations() if "sbom-path" not in step["with"])
    assert step["with"].keys() == {"subject-path"}
    assert step["with"]["subject-path"].split() == ["dist/*", "sbom/*"]
    assert JOBS["attest"]["permissions"] == {"id-token": "write", "attestations": "write"}
    assert "attest" in JOBS["publish"]["needs"]
    assert "publish" in JOBS["release"]["needs"]


@pytest.mark.slow
@pytest.mark.parametrize("job", ["attest", "publish", "release"])
def test_a_file_that_is_not_the_one_that_was_built_stops_the_job(
    built: list[Path], downloaded: Path, tmp_path: Path, job: str
) -> None:
    script(tmp_path / "bin" / "gh", "exit 0")
    hashes = known(built[0])
    run(job, downloaded, HASHES=hashes)
    shutil.rmtree(downloaded / "release", ignore_errors=True)
    added = downloaded / "dist" / "glcheck-9.9.9.tar.gz"
    added.write_bytes(b"another")
    with pytest.raises(subprocess.CalledProcessError):
        run(job, downloaded, HASHES=hashes)
    added.unlink()
    (downloaded / SBOM).write_bytes(b"{}")
    with pytest.raises(subprocess.CalledProcessError):
        run(job, downloaded, HASHES=hashes)


@pytest.mark.slow
def test_the_release_has_all_files_and_their_hashes(
    built: list[Path], downloaded: Path, tmp_path: Path
) -> None:
    attached = tmp_path / "attached"
    attached.mkdir()
    copies = f'for file; do [ ! -f "$file" ] || cp "$file" "{attached}"; done'
    script(tmp_path / "bin" / "gh", copies)
    run("release", downloaded, HASHES=known(built[0]))
    content = {path.name: path.read_bytes() for path in attached.iterdir()}
    said = content.pop("SHA256SUMS").decode()
    assert content == {Path(name).name: data for name, data in files(built[0]).items()}
    assert said == sums(content)
