"""What the action installs, with what, from where, and what becomes of it when that fails."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from kit.act import DEAD, ROOT, UV, Index, Spy, interpreter, quoted, settings
from kit.act_jobs import FAILED, NARROW, Runner, sh
from kit.policies import GOOD, SELF
from kit.reports import commands

pytestmark = pytest.mark.slow
REAL_UV = f'exec {quoted(UV)} "$@"'
# What leaves packages behind that cannot be imported.
BREAKS = (
    "target=",
    'for word in "$@"; do',
    '  [ "$last" != --target ] || target=$word',
    '  case "$word" in --target=*) target=${word#*=};; esac',
    "  last=$word",
    "done",
    '[ -n "$target" ] || exit 9',
    "for name in requests yaml urllib3; do",
    '  mkdir -p "$target/$name"; echo "raise SystemExit(1)" > "$target/$name/__init__.py"',
    "done",
    'touch "$OUT/broken"',
)


# Once, and where


def test_a_second_use_installs_nothing(either: Runner, index: Index) -> None:
    job = either(either.step("one"), either.step("two"))
    assert [job[step].outputs["ok"] for step in ("one", "two")] == ["true", "true"]
    assert either.spy.installers == (["uv"] if (either.bin / "uv").exists() else ["python"])
    assert len(index.requests) == len(set(index.requests)) > 0


def test_what_is_installed_lies_under_runner_temp_and_needs_hashes(with_uv: Runner) -> None:
    temp = sh('echo "$RUNNER_TEMP"', id="temp")
    job = with_uv(temp, with_uv.step("one"), sh("pip list; python3 -m pip list", id="list"))
    (installed,) = with_uv.spy.installations
    target = installed.argv[installed.argv.index("--target") + 1]
    assert Path(target).is_relative_to(job.output("temp").strip())
    assert "--require-hashes" in installed.argv
    assert "requests" not in job.output("list")
    assert [record for record in with_uv.spy.records if "venv" in record.argv] == []


def test_two_pythons_in_a_job_get_what_each_needs(with_uv: Runner) -> None:
    spy = Spy(with_uv.directory / "other-spy")
    python = interpreter(with_uv.directory / "other", spy)
    job = with_uv(
        *(with_uv.step(name, python=str(python) if name in "bd" else "") for name in "abcd")
    )
    for name in "abcd":
        job[name].ends("ok")
    assert len(with_uv.spy.installations) <= 2
    # Each was the one that was asked for: the checks are the calls with the token.
    for one in (with_uv.spy, spy):
        started = [record for record in one.records if record.program == "python"]
        assert sum(GOOD in record.environ.values() for record in started) == 2


# Where one does not work


@pytest.mark.parametrize(
    ("lines", "broken"),
    [(("exit 1",), False), ((*BREAKS, "exit 1"), True), (("exec /nowhere/uv",), False)],
    ids=["fails", "installs half", "is broken"],
)
def test_where_uv_fails_pip_is_used(with_pip: Runner, lines: tuple[str, ...], broken: bool) -> None:
    with_pip.add_uv(*lines)
    with_pip.write({"policy.yml": "version: 1\nscopes: [api]\n"})
    used = with_pip.use(config="policy.yml").ends("ok")
    assert used.commands == []
    assert with_pip.spy.installers == ["uv", "python"]
    assert (with_pip.out / "broken").exists() == broken


def test_an_installation_that_was_cut_off_is_not_taken_for_one(with_pip: Runner) -> None:
    with_pip.add_uv('if [ -n "$CUT" ]; then', *BREAKS, "kill -9 $PPID; exit 1; fi", REAL_UV)
    job = with_pip(with_pip.step("cut", env={"CUT": "1"}), with_pip.step("next"))
    assert (job.out / "broken").exists()
    assert job["cut"].outcome == FAILED
    assert job["cut"].outputs["ok"] in {"false", ""}
    job["next"].ends("ok")


def test_code_that_cannot_be_installed_is_one_annotation_and_not_ok(either: Runner) -> None:
    dead = {"PIP_INDEX_URL": DEAD, "UV_DEFAULT_INDEX": DEAD}
    dead |= {"PIP_RETRIES": "0", "UV_HTTP_RETRIES": "0"}
    state = sh("git status --porcelain --ignored", id="state")
    job = either(either.step("dead", env=dead), state, either.step("alive"))
    job["dead"].is_not_installed()
    assert job.output("state") == ""
    job["alive"].ends("ok")
    assert [request.path for request in either.gitlab.requests] == [SELF]


def test_code_that_is_not_what_the_lock_says_is_not_installed(
    with_uv: Runner, wheels: Path
) -> None:
    with Index(wheels, tamper=True) as tampered:
        index = {"PIP_INDEX_URL": tampered.url, "UV_DEFAULT_INDEX": tampered.url}
        with_uv.use(env=index).is_not_installed()
        assert any(path.endswith(".whl") for path in tampered.requests)
    assert with_uv.gitlab.requests == []


def test_without_uv_and_pip_the_code_cannot_be_installed(bare: Runner) -> None:
    bare.add_python(pip=False)
    bare.use().is_not_installed()


def test_code_that_cannot_be_put_in_its_place_is_told_like_code_that_cannot_be_got(
    tmp_path: Path, index: Index, installer_caches: Path
) -> None:
    (tmp_path / "program" / "in the way").mkdir(parents=True)
    env = {"PATH": os.defpath, "HOME": str(tmp_path), **settings(index.url, installer_caches)}
    env |= {"GITHUB_OUTPUT": "output", "GITHUB_STEP_SUMMARY": "summary"}
    command = [sys.executable, "-I", str(ROOT / "action" / "install.py"), "program"]
    done = subprocess.run(
        command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, timeout=300, check=False
    )
    assert done.returncode == 2
    assert [command.name for command in commands(done.stdout.decode())] == ["error"]
    assert (tmp_path / "output").read_text() == "ok=false\n"
    assert (tmp_path / "summary").read_text().startswith("## glcheck: not installed")


def test_an_installer_that_installs_nothing_is_not_believed(with_pip: Runner) -> None:
    with_pip.add_uv("exit 0")
    conf = "[install]\ndry-run = true\nroot = /nowhere\n"
    with_pip.write({".config/pip/pip.conf": conf}, with_pip.home)
    with_pip.use(job_env={"PIP_CONFIG_FILE": ""}).ends("ok")


# What it obeys, and what it does not


def test_what_installs_gets_no_token_of_the_job_and_what_it_needs(with_pip: Runner) -> None:
    with_pip.add_uv("exit 1")
    tokens = "{name: a, token-env: RELEASE_TOKEN}, {name: b, token-env: OTHER}"
    with_pip.write({"policy.yml": f"version: 1\ntokens: [{tokens}]\n"})
    secrets = {"RELEASE_TOKEN": GOOD, "OTHER": NARROW, "SOME_PASSWORD": "correct horse"}
    env = {**secrets, "HARMLESS": "harmless"}
    with_pip.use(token="", config="policy.yml", env=env).ends("ok")
    assert with_pip.spy.installers == ["uv", "python"]
    for record in with_pip.spy.installations:
        assert record.environ["HARMLESS"] == "harmless"
        assert not {*secrets.values()} & set(record.environ.values())


def check_not_redirected(runner: Runner, env: Mapping[str, str]) -> None:
    """Check that variables do not redirect an installation to the place `away`."""
    away = runner.directory / "away"
    job_env = {name: value.replace("AWAY", str(away)) for name, value in env.items()}
    runner.use(job_env=job_env).ends("ok")
    assert not away.exists()


def test_what_would_redirect_the_installation_is_not_obeyed(with_pip: Runner) -> None:
    places = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PYTHONPATH", "PYTHONUSERBASE")
    ways = dict.fromkeys(("PIP_USER", "PIP_REQUIRE_VIRTUALENV"), "1")
    check_not_redirected(with_pip, {**dict.fromkeys(places, "AWAY"), **ways})


def test_what_would_redirect_uv_is_not_obeyed(with_uv: Runner) -> None:
    places = dict.fromkeys(("VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT"), "AWAY")
    check_not_redirected(with_uv, {**places, "UV_PYTHON": "/nowhere/python"})
    assert with_uv.spy.installers == ["uv"]


PIP_CONF = "[global]\nindex-url = {index}\nextra-index-url =\nfind-links =\n"
REDIRECTING = f"{PIP_CONF}target = {{away}}\nuser = true\nrequire-virtualenv = true\n"
NO_FILE = {"PIP_CONFIG_FILE": os.devnull}
ONLY_PIPS = {"PIP_INDEX_URL": "{index}", **NO_FILE}
BOTH = {"PIP_INDEX_URL": DEAD, "UV_DEFAULT_INDEX": "{index}", **NO_FILE}
UV_CONF = {"uv/uv.toml": 'index-url = "{index}"\n'}


# The empty entries of pip's file keep this machine's own settings away.
# fmt: off
INDEXES = {
    "pip: variable": (False, ONLY_PIPS, {}),
    "pip: file, less target and more":
        (False, {}, {"pip/pip.conf": f"{REDIRECTING}constraint = {{away}}\n"}),
    "pip: file, less prefix": (False, {}, {"pip/pip.conf": f"{PIP_CONF}prefix = {{away}}\n"}),
    "uv: variable": (True, BOTH, {}),
    "uv: file": (True, NO_FILE, UV_CONF),
    "uv: pip's variable": (True, ONLY_PIPS, {}),
    "uv: pip's file": (True, {}, {"pip/pip.conf": PIP_CONF}),
}
# fmt: on


@pytest.mark.parametrize(("uv", "variables", "files"), INDEXES.values(), ids=INDEXES)
def test_the_index_that_the_runner_is_set_up_with_is_used(
    with_pip: Runner, index: Index, uv: bool, variables: Mapping[str, str], files: Mapping[str, str]
) -> None:
    away = with_pip.directory / "away"
    for name in ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "PIP_CONFIG_FILE"):
        del with_pip.env[name]
    with_pip.env |= {name: value.format(index=index.url) for name, value in variables.items()}
    texts = {name: text.format(index=index.url, away=away) for name, text in files.items()}
    with_pip.write(texts, with_pip.home / ".config")
    if uv:
        with_pip.add_uv()
    used = with_pip.use()
    assert used.outputs["ok"] == "true", used.log
    assert index.requests
    assert not away.exists()
    if variables == BOTH or files == UV_CONF:
        assert with_pip.spy.installers == ["uv"]
