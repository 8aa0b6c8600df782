"""What release.yml does, by its own scripts: the build twice, at two places that have nothing in common."""

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
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from email.message import Message
from email.parser import Parser
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from kit.act import BASH, ROOT, UV, once, script
from kit.lock import locked

import glcheck

JOBS = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8"))[
    "jobs"
]
TAG = f"v{glcheck.__version__}"
WHO = {
    f"GIT_{role}_{what}": "test" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
}
SBOM = "sbom/glcheck.cdx.json"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="release.yml runs on Linux")


class Place(NamedTuple):
    """Where a release is built, and all that should make no difference."""

    path: str
    umask: int
    time: int  # of every file
    environ: dict[str, str]


PLACES = (
    Place("here", 0o022, 1_000_000_000, {"TZ": "UTC", "LC_ALL": "C", "PYTHONHASHSEED": "1"}),
    Place(
        "some where/else",
        0o077,
        1_700_000_001,
        {"TZ": "Asia/Kathmandu", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "2"},
    ),
)


def scripts(job: str) -> list[str]:
    """Return what a job runs, step by step."""
    return [step["run"] for step in JOBS[job]["steps"] if "run" in step]


def run(job: str, directory: Path, umask: int = -1, **environ: str) -> None:
    """Run the scripts of a job."""
    temporary = directory.with_name(f"{directory.name} of the runner")
    temporary.mkdir(exist_ok=True)
    paths = {"RUNNER_TEMP": str(temporary), "GITHUB_OUTPUT": str(temporary / "output")}
    programs = {
        "PATH": os.pathsep.join((str(directory.parent / "bin"), str(UV.parent), os.environ["PATH"]))
    }
    github = {
        "GITHUB_REF_NAME": TAG,
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "owner/glcheck",
    }
    for lines in scripts(job):
        subprocess.run(
            [BASH, "--noprofile", "--norc", "-eo", "pipefail", "-c", lines],
            cwd=directory,
            env={**os.environ, "UV_SYSTEM_CERTS": "1", **programs, **paths, **github, **environ},
            umask=umask,
            check=True,
            capture_output=True,
            timeout=120,
        )


def copy(place: Place, base: Path) -> Path:
    """Commit a copy of the repository to a repository of its own, as of the same moment."""
    directory = base / place.path
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(
        listed, cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    present = sorted(name for name in names if (ROOT / name).is_file())
    for name in (
        present if place == PLACES[0] else reversed(present)
    ):  # which may be the order of a directory
        target = directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)
        target.chmod(target.stat().st_mode & ~place.umask)
        os.utime(target, (place.time, place.time))
    environ = {
        **os.environ,
        **WHO,
        "GIT_AUTHOR_DATE": "1600000000 +0000",
        "GIT_COMMITTER_DATE": "1600000000 +0000",
    }
    for words in ("init -q", "add -A", "commit -q --no-gpg-sign -m test"):
        subprocess.run(
            ["git", *words.split()], cwd=directory, env=environ, check=True, capture_output=True
        )
    return directory


def build(base: Path) -> None:
    """Build the release at each place, at the same time."""

    def at(place: Place) -> None:
        run("build", copy(place, base), place.umask, **place.environ)

    with ThreadPoolExecutor() as pool:
        list(pool.map(at, PLACES))


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Give the directories in which the release was built."""
    base = once(tmp_path_factory, "releases", build)
    return [base / place.path for place in PLACES]


def files(directory: Path) -> dict[str, bytes]:
    """Return what a build made."""
    made = [path for folder in ("dist", "sbom") for path in (directory / folder).glob("[!.]*")]
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in made}


def outputs(directory: Path) -> dict[str, str]:
    """Return the outputs of a job."""
    text = (
        directory.with_name(f"{directory.name} of the runner")
        .joinpath("output")
        .read_text(encoding="utf-8")
    )
    return dict(re.findall(r"^(\w+)<<END\n(.*?)\nEND$", text, re.MULTILINE | re.DOTALL))


def metadata(directory: Path) -> Message:
    """Return the metadata of the wheel."""
    with zipfile.ZipFile(
        directory / "dist" / f"glcheck-{glcheck.__version__}-py3-none-any.whl"
    ) as wheel:
        return Parser().parsestr(
            wheel.read(f"glcheck-{glcheck.__version__}.dist-info/METADATA").decode()
        )


@pytest.mark.slow
def test_a_release_is_the_same_bytes_wherever_and_whenever_it_is_built(built: list[Path]) -> None:
    one, other = map(files, built)
    assert {*one} == {
        f"dist/glcheck-{glcheck.__version__}-py3-none-any.whl",
        f"dist/glcheck-{glcheck.__version__}.tar.gz",
        SBOM,
    }
    assert one == other
    sums = "".join(
        f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(one.items())
    )
    assert [outputs(directory)["hashes"] + "\n" for directory in built] == [sums, sums]


@pytest.mark.slow
def test_the_wheel_holds_the_package_and_nothing_else(built: list[Path]) -> None:
    package = {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in within("glcheck")}
    assert "glcheck/py.typed" in package
    info = f"glcheck-{glcheck.__version__}.dist-info"
    (path,) = (built[0] / "dist").glob("*.whl")
    with zipfile.ZipFile(path) as wheel:
        names = set(wheel.namelist())
        assert names - package.keys() == {
            f"{info}/{name}"
            for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE")
        }
        assert {name: wheel.read(name) for name in package if name in names} == package
        assert wheel.read(f"{info}/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
    (path,) = (built[0] / "dist").glob("*.tar.gz")
    with tarfile.open(path) as source:
        names = {name.partition("/")[2] for name in source.getnames()}
    assert names == {*package, "LICENSE", "README.md", "pyproject.toml", "PKG-INFO"}


def within(folder: str) -> Iterable[Path]:
    """Find the files of a folder, less what Python compiled."""
    return (
        path
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.parent.name != "__pycache__"
    )


@pytest.mark.slow
def test_the_wheel_brings_the_command(built: list[Path], tmp_path: Path) -> None:
    (wheel,) = (built[0] / "dist").glob("*.whl")
    uv(["venv", "--python", sys.executable, str(tmp_path / "venv")])
    uv(["pip", "install", "--python", str(tmp_path / "venv"), "--no-deps", str(wheel)])
    command = [str(tmp_path / "venv" / "bin" / "glcheck"), "--version"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=True)
    assert done.stdout == f"glcheck {glcheck.__version__}\n"


def uv(arguments: Sequence[str]) -> None:
    """Run uv."""
    subprocess.run([UV, "--quiet", *arguments], check=True, timeout=60)


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
        self, built: list[Path]
    ) -> None:
        listed = {
            component["name"]: (component["version"], component["purl"], *hashes(component))
            for component in read(built)["components"]
        }
        lock = {}
        for name, (requirement, options) in locked().items():
            version = str(requirement.specifier).removeprefix("==")
            lock[name] = (
                version,
                f"pkg:pypi/{name}@{version}",
                *(option.strip()[-64:] for option in options),
            )
        assert listed == lock
        assert len(read(built)["components"]) == len(lock)

    def test_it_is_about_this_very_wheel_and_what_that_needs(self, built: list[Path]) -> None:
        root = read(built)["metadata"]["component"]
        (wheel,) = (built[0] / "dist").glob("*.whl")
        assert root["hashes"] == [
            {"alg": "SHA-256", "content": hashlib.sha256(wheel.read_bytes()).hexdigest()}
        ]
        assert (root["name"], root["version"]) == ("glcheck", glcheck.__version__)
        needed = metadata(built[0]).get_all("Requires-Dist", [])
        assert len(needed) == 2
        assert [one["value"] for one in root["properties"]] == needed
        assert read(built)["metadata"]["timestamp"] == "2020-09-13T12:26:40Z"  # that of the commit

    def test_it_tells_what_needs_what(self, built: list[Path]) -> None:
        needs = {one["ref"]: set(one["dependsOn"]) for one in read(built)["dependencies"]}
        names = {ref: re.split("[/@]", ref)[1] for ref in needs}
        found = {names[ref]: {names[other] for other in others} for ref, others in needs.items()}
        assert found == {
            **{name: set() for name in locked()},
            "glcheck": {"requests", "pyyaml"},
            "requests": {"certifi", "charset-normalizer", "idna", "urllib3"},
        }

    def test_it_can_be_attested(self, built: list[Path]) -> None:
        """It has all by which actions/attest knows CycloneDX (src/sbom.ts), and the step names this file."""
        assert all(read(built).get(key) for key in ("bomFormat", "serialNumber", "specVersion"))
        (step,) = (step for step in attestations() if "sbom-path" in step["with"])
        assert step["with"] == {"subject-path": "dist/*", "sbom-path": SBOM}


def read(built: list[Path]) -> dict[str, Any]:
    """Read the SBOM."""
    document = json.loads((built[0] / SBOM).read_bytes())
    assert isinstance(document, dict)
    return document


def hashes(component: dict[str, Any]) -> list[str]:
    """Return the hashes of a component's files."""
    (reference,) = component["externalReferences"]
    assert {one["alg"] for one in reference["hashes"]} == {"SHA-256"}
    return [one["content"] for one in reference["hashes"]]


def attestations() -> list[dict[str, Any]]:
    """Return the steps that attest."""
    return [
        step
        for step in JOBS["attest"]["steps"]
        if step.get("uses", "").startswith("actions/attest@")
    ]


def test_every_file_gets_signed_provenance_before_it_is_published() -> None:
    """Provenance is what actions/attest makes where neither a predicate nor an SBOM is named (its README)."""
    (step,) = (step for step in attestations() if "sbom-path" not in step["with"])
    assert step["with"].keys() == {"subject-path"}
    assert step["with"]["subject-path"].split() == ["dist/*", "sbom/*"]
    assert JOBS["attest"]["permissions"] == {"id-token": "write", "attestations": "write"}
    assert "attest" in JOBS["publish"]["needs"]
    assert "publish" in JOBS["release"]["needs"]


@pytest.fixture
def downloaded(built: list[Path], tmp_path: Path) -> Path:
    """Give a directory into which a later job has downloaded the files."""
    for folder in ("dist", "sbom"):
        shutil.copytree(built[0] / folder, tmp_path / "job" / folder)
    return tmp_path / "job"


@pytest.mark.slow
@pytest.mark.parametrize("job", ["attest", "publish", "release"])
def test_a_file_that_is_not_the_one_that_was_built_stops_the_job(
    built: list[Path], downloaded: Path, tmp_path: Path, job: str
) -> None:
    script(tmp_path / "bin" / "gh", "exit 0")
    known = outputs(built[0])["hashes"]
    run(job, downloaded, HASHES=known)
    shutil.rmtree(downloaded / "release", ignore_errors=True)
    (downloaded / "dist" / "glcheck-9.9.9.tar.gz").write_bytes(b"another")
    with pytest.raises(subprocess.CalledProcessError):
        run(job, downloaded, HASHES=known)
    (downloaded / "dist" / "glcheck-9.9.9.tar.gz").unlink()
    (downloaded / SBOM).write_bytes(b"{}")
    with pytest.raises(subprocess.CalledProcessError):
        run(job, downloaded, HASHES=known)


@pytest.mark.slow
def test_the_release_has_all_files_and_their_hashes(
    built: list[Path], downloaded: Path, tmp_path: Path
) -> None:
    attached = tmp_path / "attached"
    attached.mkdir()
    script(
        tmp_path / "bin" / "gh", f'for file; do [ ! -f "$file" ] || cp "$file" "{attached}"; done'
    )
    run("release", downloaded, HASHES=outputs(built[0])["hashes"])
    content = {path.name: path.read_bytes() for path in attached.iterdir()}
    sums = content.pop("SHA256SUMS").decode()
    assert content == {Path(name).name: data for name, data in files(built[0]).items()}
    assert sums == "".join(
        f"{hashlib.sha256(content[name]).hexdigest()}  {name}\n" for name in sorted(content)
    )
