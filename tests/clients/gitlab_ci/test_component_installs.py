"""The component on a runner without glcheck: what it installs, and what is left of that."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from kit.act import DEAD, ROOT, Index, download, interpreter, once
from kit.component import HOSTILE, RELEASE, TRAPS
from kit.gitlab_ci_local import Ran, Runner, Use, at, pipeline
from kit.gitlab_server import GitLab, Token

pytestmark = pytest.mark.slow
STUB = """\
def main():
    import sys
    print('a stub, called with', *sys.argv[1:])
    sys.exit(21)
"""
WHEEL = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def build(directory: Path) -> None:
    """Fill a directory with the wheels of an index: what glcheck needs, and glcheck itself."""
    download(directory)
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps")
    command = [*pip, "--wheel-dir", str(directory), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)


def stub(directory: Path, more: str = "") -> Path:
    """Write a wheel with a glcheck that fails with 21 and says how it was called."""
    info = "glcheck-9.9.9.dist-info"
    files = {
        "glcheck_stub.py": STUB,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: glcheck\nVersion: 9.9.9\n{more}",
        f"{info}/WHEEL": WHEEL,
        f"{info}/entry_points.txt": "[console_scripts]\nglcheck = glcheck_stub:main\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in (*files, f"{info}/RECORD"))
    directory.mkdir()
    path = directory / "glcheck-9.9.9-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def listing(directory: Path) -> list[Path]:
    """All that is in a directory, what Python compiled aside."""
    return sorted(path for path in directory.rglob("*") if "__pycache__" not in path.parts)


def run_installing(runner: Runner, wheels: Path) -> None:
    """Run a pipeline on a runner without glcheck."""
    programs = runner.path[-1]
    python = runner.directory / "python"
    runner.path = [runner.bin, interpreter(python, runner.spy).parent, programs]
    pipless = interpreter(runner.directory / "pipless", runner.spy, pip=False).parent
    before = listing(python)
    given = stub(runner.directory / "stub")
    # To which this Python is an old one.
    newer = stub(runner.directory / "newer", "Requires-Python: >=3.99\n")
    runner.write({**TRAPS, "evil.txt": f"{given}\n"})

    def path(*places: Path) -> dict[str, object]:
        path = os.pathsep.join(map(str, (*places, runner.bin, programs)))
        return {"variables": {"PATH": path}}

    uses = (
        Use("installs", {"scopes": "api"}),
        Use("given", {"requirement": str(given)}),
        Use("script", {"requirement": HOSTILE}),
        Use("option", {"requirement": "--requirement=evil.txt"}),
        Use("dead", {}, {"variables": {"PIP_INDEX_URL": DEAD}}),
        Use("pythonless", {}, path()),
        Use("pipless", {}, path(pipless)),
        Use("outdated", {"requirement": str(newer)}),
    )
    with GitLab() as gitlab, Index(wheels) as index:
        gitlab.add(Token(RELEASE))
        env = {
            "GITLAB_TOKEN": RELEASE,
            "PIP_INDEX_URL": index.url,
            "PIP_CONFIG_FILE": os.devnull,  # this machine's own settings are not what is tested
            "PIP_CACHE_DIR": str(runner.directory / "pip-cache"),
            "PIP_RETRIES": "0",
            "PIP_TARGET": str(runner.directory / "astray"),
            "PIP_USER": "1",
            "PIP_REQUIRE_VIRTUALENV": "1",
        }
        runner(pipeline(uses, variables=at(gitlab)), env=env)
        told = {"requests": len(gitlab.requests), "changed": before != listing(python)}
    (runner.directory / "told.json").write_text(json.dumps(told))


@pytest.fixture(scope="session")
def installing(tmp_path_factory: pytest.TempPathFactory, client: Path, programs: Path) -> Ran:
    """The pipeline on a runner without glcheck, run once for all workers."""
    wheels = once(tmp_path_factory, "component-wheels", build)

    def make(directory: Path) -> None:
        run_installing(Runner(directory, client, programs), wheels)

    return Ran(once(tmp_path_factory, "installing", make))


def test_a_job_without_glcheck_installs_it_and_checks(installing: Ran) -> None:
    job = installing["installs"]
    assert (job.state, job.code) == ("PASS", 0), job.log
    assert job.report["category"] == "ok"
    assert job.log.count("\n") <= 4, job.log  # pip has nothing to say
    assert json.loads((installing.directory / "told.json").read_text())["requests"] == 1


def test_the_requirement_is_the_one_that_is_given_and_its_exit_code_counts(installing: Ran) -> None:
    job = installing["given"]
    assert (job.state, job.code) == ("FAIL", 21), job.log
    assert "a stub, called with check " in job.log


@pytest.mark.parametrize("name", ["dead", "script", "option", "pythonless", "pipless", "outdated"])
def test_code_that_cannot_be_installed_fails_the_job_and_says_so(
    installing: Ran, name: str
) -> None:
    job = installing[name]
    assert (job.state, job.code) == ("FAIL", 1), job.log
    assert "glcheck could not be installed, so the token was not checked" in job.log
    assert "a stub" not in job.log
    assert not (job.directory / "glcheck.json").exists()


def test_an_installation_leaves_nothing_behind(installing: Ran) -> None:
    for place in (installing.temporary, installing.directory / "home"):
        assert [*place.iterdir()] == []
    assert not (installing.directory / "astray").exists()
    assert not json.loads((installing.directory / "told.json").read_text())["changed"]
    # It was put there, and not where nobody looks.
    calls = [record.argv for record in installing.records if "install" in record.argv]
    targets = [Path(argv[argv.index("--target") + 1]) for argv in calls]
    assert [target.parent.name for target in targets] == [installing.temporary.name] * 7


def test_an_installation_imports_nothing_from_the_checkout(installing: Ran) -> None:
    assert [path for path in installing.files if path.name in {"IMPORTED", "PWNED"}] == []
