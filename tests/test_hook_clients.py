"""The hooks under the real pre-commit, the real prek and the real git, with real pushes."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml
from kit.act import ROOT, Spy, once, quoted, script
from kit.gitlab_server import GitLab, Token
from kit.hook_clients import (
    AWAY,
    BIN,
    CLIENTS,
    HOOK,
    WAYS,
    Client,
    Clone,
    Ended,
    Home,
    Machine,
    Way,
    build,
    built,
    run,
)

pytestmark = pytest.mark.slow
GOOD = "glpat-Rw4Tz8Lk2Vb6Nq1Xs5Jd"
NARROW = "glpat-Hy7Gc3Mf9Pa5Ke2Uo6Zt"
REVOKED = "glpat-Dv8Wb2Sx4Qj7Tn3Li6Ce"
MANIFEST = ROOT / ".pre-commit-hooks.yaml"
HOOKS = {hook["id"]: hook for hook in yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))}
PAGES = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "docs/hooks.md")}
OTHER = "git@other.example.com:group/app.git"


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """Give a machine on which the clients have installed what the hooks need."""
    return built(once(tmp_path_factory, "hook-clients", build))


@pytest.fixture
def home(machine: Machine, tmp_path: Path, gitlab: GitLab) -> Home:
    """Give a home, and a GitLab that knows a good token, a narrow one and a revoked one."""
    gitlab.add(Token(GOOD))
    gitlab.add(Token(NARROW, scopes=("read_api",)))
    gitlab.add(Token(REVOKED, revoked=True))
    return Home(machine, tmp_path, gitlab.url)


# The manifest


@pytest.mark.parametrize("client", CLIENTS)
def test_the_client_accepts_the_manifest(client: Client, home: Home) -> None:
    ended = run([BIN / client, "validate-manifest", MANIFEST], home.directory, home.env)
    assert ended.code == 0, ended.out


@pytest.mark.parametrize("client", CLIENTS)
def test_the_client_would_refuse_a_bad_manifest(client: Client, home: Home) -> None:
    bad = home.directory / MANIFEST.name
    bad.write_text("- id: glcheck\n  name: GitLab token\n", encoding="utf-8")
    assert run([BIN / client, "validate-manifest", bad], home.directory, home.env).code != 0


def test_there_is_a_hook_for_the_token_and_one_for_the_policy_file() -> None:
    assert [*HOOKS] == ["glcheck", "glcheck-config"]
    assert {hook["language"] for hook in HOOKS.values()} == {"python"}


def test_the_hook_for_the_token_runs_at_each_push_and_takes_no_files() -> None:
    hook = HOOKS["glcheck"]
    assert hook["stages"] == ["pre-push", "manual"]
    assert hook["always_run"] is True
    assert hook["pass_filenames"] is False
    assert hook["entry"] == "glcheck hook"


def test_the_hook_for_the_policy_file_runs_at_a_commit_that_changes_it() -> None:
    hook = HOOKS["glcheck-config"]
    assert hook["stages"] == ["pre-commit"]
    assert "always_run" not in hook
    assert hook["entry"] == "glcheck config"
    taken = {
        ".glcheck.yml": True,
        ".glcheck.yaml": True,
        "a/.glcheck.yml": False,
        "glcheck.yml": False,
    }
    taken |= {".glcheck.yml.bak": False, "x.glcheck.yml": False, ".glcheck-yml": False}
    assert {name: bool(re.search(hook["files"], name)) for name in taken} == taken


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("hook", HOOKS)
def test_the_pages_name_every_hook(page: str, hook: str) -> None:
    assert re.search(rf"^ *- id: {hook}(?: *#.*)?$", PAGES[page], re.MULTILINE)


# try-repo


@pytest.mark.parametrize("client", CLIENTS)
class TestTryRepo:
    """The hooks, installed for one run alone."""

    def test_a_good_token_passes_at_the_stage_of_a_push(
        self, client: Client, home: Home, gitlab: GitLab
    ) -> None:
        words = ("glcheck", "--hook-stage", "pre-push", "--all-files", "--verbose")
        ended = home.clone(client).try_repo(*words, token=GOOD)
        assert ended.code == 0, ended.out
        assert re.search(r"^GitLab token\.+Passed$", ended.out, re.MULTILINE)
        assert "GITLAB_TOKEN" in ended.out
        assert len(gitlab.requests) == 1

    def test_a_bad_token_fails_at_the_manual_stage(
        self, client: Client, home: Home, gitlab: GitLab
    ) -> None:
        words = ("glcheck", "--hook-stage", "manual", "--all-files")
        ended = home.clone(client).try_repo(*words, token=REVOKED)
        assert ended.code == 1
        assert "exit code: 14" in ended.out
        assert_reason(ended.out, "token-revoked")
        assert len(gitlab.requests) == 1

    def test_a_bad_policy_file_fails_with_its_line(
        self, client: Client, home: Home, gitlab: GitLab
    ) -> None:
        clone = home.clone(client, files={".glcheck.yml": "version: 1\nscops: [api]\n"})
        ended = clone.try_repo("glcheck-config", "--all-files", token=GOOD)
        assert ended.code == 1
        assert "exit code: 2" in ended.out
        assert "error[config-error] .glcheck.yml:2: " in ended.out
        assert "scopes" in ended.out
        assert not gitlab.requests


def assert_reason(out: str, category: str) -> None:
    """Assert that there is a reason with a fix, and nothing of what only developers understand."""
    assert re.search(rf"^ *error\[{category}\] \S", out, re.MULTILINE), out
    assert re.search(r"^ *fix: \S", out, re.MULTILINE), out
    assert "Traceback" not in out


# The hook for the policy file


@pytest.mark.parametrize("client", CLIENTS)
class TestPolicyFile:
    """The hook that validates the policy file."""

    def test_a_good_one_passes(self, client: Client, home: Home, gitlab: GitLab) -> None:
        clone = home.clone(client, files={".glcheck.yml": "version: 1\nscopes: [api]\n"})
        ended = clone.run("glcheck-config", "--all-files", token=REVOKED)
        assert (ended.code, outcome(ended)) == (0, "Passed"), ended.out
        assert not gitlab.requests

    def test_the_longer_name_is_taken_too(self, client: Client, home: Home) -> None:
        clone = home.clone(client, files={".glcheck.yaml": "tokens: []\n"})
        ended = clone.run("glcheck-config", "--all-files")
        assert (ended.code, outcome(ended)) == (1, "Failed"), ended.out
        assert "error[config-error] .glcheck.yaml:1: " in ended.out

    def test_one_in_a_subdirectory_is_not_taken(self, client: Client, home: Home) -> None:
        clone = home.clone(client, files={"a/.glcheck.yml": "scops: api\n"})
        ended = clone.run("glcheck-config", "--all-files")
        assert (ended.code, outcome(ended)) == (0, "(no files to check)Skipped"), ended.out

    def test_two_good_ones_pass(self, client: Client, home: Home) -> None:
        policy = "version: 1\nscopes: [api]\n"
        clone = home.clone(client, files={".glcheck.yml": policy, ".glcheck.yaml": policy})
        ended = clone.run("glcheck-config", "--all-files")
        assert (ended.code, outcome(ended)) == (0, "Passed"), ended.out

    def test_a_bad_one_stops_a_commit_and_a_good_one_does_not(
        self, client: Client, home: Home, gitlab: GitLab
    ) -> None:
        clone = home.clone(client, files={".glcheck.yml": "scops: api\n"})
        before = clone.git("rev-parse", "HEAD")
        ended = clone.commit(REVOKED)
        assert (ended.code, outcome(ended)) == (1, "Failed"), ended.out
        assert clone.git("rev-parse", "HEAD") == before
        clone.use(files={".glcheck.yml": "scopes: api\n"})
        ended = clone.commit(REVOKED)
        assert (ended.code, outcome(ended)) == (0, "Passed"), ended.out
        assert clone.git("rev-parse", "HEAD") != before
        # The token matters to pushes alone.
        assert "GitLab token" not in ended.out
        assert not gitlab.requests


def outcome(ended: Ended) -> str:
    """What the client says of the hook for the policy file."""
    found = re.search(r"^glcheck policy file\.+(.*)$", ended.out, re.MULTILINE)
    assert found, ended.out
    return found[1]


# Pushes


@pytest.mark.parametrize("way", WAYS)
class TestPush:
    """A push with the hook installed in each way."""

    def test_a_good_token_lets_it_pass_and_is_remembered(
        self, way: Way, home: Home, gitlab: GitLab
    ) -> None:
        clone = home.clone(way, settings={"scopes": "api"})
        assert clone.push(GOOD).passed
        assert len(gitlab.requests) == 1
        assert clone.push(GOOD).passed
        assert len(gitlab.requests) == 1

    def test_a_bad_token_stops_it_each_time_until_it_is_repaired(
        self, way: Way, home: Home, gitlab: GitLab
    ) -> None:
        clone = home.clone(way)
        for attempt in (1, 2):
            pushed = clone.push(REVOKED)
            assert not pushed.passed
            assert_reason(pushed.out, "token-revoked")
            assert len(gitlab.requests) == attempt
        gitlab.add(Token(REVOKED))
        assert clone.push(REVOKED).passed

    def test_a_missing_scope_stops_it_and_the_fix_names_the_page(
        self, way: Way, home: Home, gitlab: GitLab
    ) -> None:
        clone = home.clone(way, settings={"scopes": "api"})
        assert clone.push(GOOD).passed  # what is remembered of one token says nothing of another
        pushed = clone.push(NARROW)
        assert not pushed.passed
        assert_reason(pushed.out, "scope-missing")
        assert f"{gitlab.url}/-/user_settings/personal_access_tokens?" in pushed.out

    def test_without_a_network_it_passes_with_a_warning(self, way: Way, home: Home) -> None:
        clone = home.clone(way, settings=AWAY)
        pushed = clone.push(GOOD)
        assert pushed.passed
        (line,) = [line for line in pushed.out.splitlines() if "network-error" in line]
        assert line.strip().startswith("warning[network-error] ")

    def test_without_a_network_it_is_stopped_if_that_is_wanted(self, way: Way, home: Home) -> None:
        pushed = home.clone(way, settings={**AWAY, "hook-strict": "true"}).push(GOOD)
        assert not pushed.passed
        assert_reason(pushed.out, "network-error")

    def test_without_a_token_it_passes_with_a_note(
        self, way: Way, home: Home, gitlab: GitLab
    ) -> None:
        pushed = home.clone(way).push()
        assert pushed.passed
        assert len([line for line in pushed.out.splitlines() if "token-missing" in line]) == 1
        assert not gitlab.requests

    def test_without_the_token_that_the_policy_names_it_is_stopped(
        self, way: Way, home: Home, gitlab: GitLab
    ) -> None:
        policy = {"version": 1, "tokens": [{"name": "release", "token-env": "RELEASE_TOKEN"}]}
        pushed = home.clone(way, files={".glcheck.yml": json.dumps(policy)}).push(GOOD)
        assert not pushed.passed
        assert_reason(pushed.out, "token-missing")
        assert "RELEASE_TOKEN" in pushed.out
        assert not gitlab.requests

    def test_nothing_is_asked_when_it_goes_to_another_host(
        self, way: Way, home: Home, gitlab: GitLab
    ) -> None:
        clone = home.clone(way, "app")
        for number, address in enumerate((OTHER, "ssh://git@other.example.com:2222/group/app.git")):
            clone.git("remote", "add", f"other{number}", address)
            assert clone.push(REVOKED, remote=f"other{number}").passed
        assert not gitlab.requests

    def test_the_token_is_asked_about_when_it_goes_to_its_host(
        self, way: Way, home: Home, gitlab: GitLab
    ) -> None:
        clone = home.clone(way, "app")
        clone.git("remote", "add", "near", "git@127.0.0.1:group/app.git")
        assert not clone.push(REVOKED, remote="near").passed
        assert clone.push(GOOD, remote="ssh://git@127.0.0.1:2222/group/app.git").passed
        assert len(gitlab.requests) == 2

    def test_two_at_once_both_arrive(self, way: Way, home: Home, gitlab: GitLab) -> None:
        gitlab.delay = 0.2  # so that both ask
        clones = [home.clone(way, "one"), home.clone(way, "two")]
        with ThreadPoolExecutor() as pool:
            pushes = [*pool.map(lambda clone: clone.push(GOOD), clones)]
        assert [pushed.passed for pushed in pushes] == [True, True]
        asked = len(gitlab.requests)
        assert asked in {1, 2}
        assert clones[0].push(GOOD).passed
        assert len(gitlab.requests) == asked

    def test_what_is_remembered_counts_only_if_it_is_whole_and_private(
        self, way: Way, home: Home, gitlab: GitLab
    ) -> None:
        clone = home.clone(way)
        assert clone.push(GOOD).passed
        (remembered,) = [path for path in home.remembered.rglob("*") if path.is_file()]
        assert stat.S_IMODE(remembered.stat().st_mode) == 0o600
        remembered.write_bytes(b"\0{\xff")
        assert clone.push(GOOD).passed
        assert len(gitlab.requests) == 2
        remembered.chmod(0o644)
        assert clone.push(GOOD).passed
        assert len(gitlab.requests) == 3

    def test_it_passes_where_nothing_can_be_remembered(
        self, way: Way, home: Home, gitlab: GitLab
    ) -> None:
        home.remembered.parent.mkdir()
        home.remembered.write_text("in the way")
        clone = home.clone(way)
        assert [clone.push(GOOD).passed, clone.push(GOOD).passed] == [True, True]
        assert len(gitlab.requests) == 2
        assert home.remembered.read_text() == "in the way"

    def test_it_can_be_let_through_unchecked(self, way: Way, home: Home, gitlab: GitLab) -> None:
        clone = home.clone(way)
        pushed = (
            clone.push(REVOKED, env={"SKIP": "glcheck"})
            if way in CLIENTS
            else clone.push(REVOKED, "--no-verify")
        )
        assert pushed.passed
        assert not gitlab.requests


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_hides_the_warning_of_a_hook_that_passes_only_if_it_is_told_to(
    client: Client, home: Home
) -> None:
    pushed = home.clone(client, settings=AWAY, verbose=False).push(GOOD)
    assert pushed.passed
    assert re.search(r"^GitLab token\.+Passed$", pushed.out, re.MULTILINE)
    assert "warning" not in pushed.out


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("page", PAGES)
def test_the_configuration_in_the_pages_does_what_they_say(
    client: Client, page: str, home: Home, gitlab: GitLab
) -> None:
    (config,) = re.findall(r"^```yaml\n(repos:\n.*?)^```", PAGES[page], re.MULTILINE | re.DOTALL)
    machine = home.machine
    ours = re.sub(
        r"rev: .*",
        f"rev: {machine.revision}",
        re.sub(r"repo: .*", f"repo: {machine.source}", config),
    )
    clone = home.clone(client, config=ours)
    pushed = clone.push(NARROW)
    assert not pushed.passed
    assert_reason(pushed.out, "scope-missing")
    assert clone.push(GOOD).passed
    assert clone.run("--all-files").code == 0
    assert len(gitlab.requests) == 2


@pytest.mark.parametrize("client", CLIENTS)
def test_the_token_can_be_checked_by_hand(client: Client, home: Home, gitlab: GitLab) -> None:
    clone = home.clone(client)
    assert clone.run("--hook-stage", "manual", "glcheck", token=GOOD).code == 0
    ended = clone.run("--hook-stage", "manual", "glcheck", token=REVOKED)
    assert ended.code == 1
    assert_reason(ended.out, "token-revoked")
    assert len(gitlab.requests) == 2


def test_a_failure_forgets_what_was_remembered(home: Home, gitlab: GitLab) -> None:
    clone = home.clone("copy")
    asked = []
    for token in (GOOD, GOOD, REVOKED, GOOD):
        assert clone.push(token).passed == (token == GOOD)
        asked.append(len(gitlab.requests))
    assert asked == [1, 1, 2, 3]


# hooks/pre-push itself


@pytest.mark.parametrize("way", ["hooks path", "copy"])
class TestPlace:
    """Where git may run the hook."""

    def test_a_push_from_a_subdirectory_finds_the_policy(self, way: Way, home: Home) -> None:
        clone = home.clone(way, files={".glcheck.yml": "scopes: [sudo]\n", "a b/c": ""})
        assert_stopped_by_the_policy(clone, clone.path / "a b")

    def test_a_push_from_a_worktree_finds_the_policy(self, way: Way, home: Home) -> None:
        clone, tree = home.clone(way), home.directory / "a worktree"
        clone.git("worktree", "add", "-q", "-b", "other", str(tree))
        (tree / ".glcheck.yml").write_text("scopes: [sudo]\n", encoding="utf-8")
        assert_stopped_by_the_policy(clone, tree)
        assert clone.push(GOOD).passed


def assert_stopped_by_the_policy(clone: Clone, cwd: Path) -> None:
    """Assert that a push from there is stopped by a policy that a good token does not satisfy."""
    pushed = clone.push(GOOD, cwd=cwd)
    assert not pushed.passed
    assert_reason(pushed.out, "scope-missing")


class StandIn:
    """A glcheck that records how it is started, and what it could read from standard input."""

    def __init__(self, directory: Path) -> None:
        self.bin = directory / "stand in"
        self._spy = Spy(directory / "spy")
        self._read = directory / "read"
        self.ends_with(0)

    def ends_with(self, code: int) -> None:
        """Let it end with this exit code from now on."""
        lines = (self._spy.recording("glcheck"), f"cat > {quoted(self._read)}", f"exit {code}")
        script(self.bin / "glcheck", *lines)

    @property
    def env(self) -> dict[str, str]:
        """The environment in which it is found."""
        return {"PATH": f"{self.bin}{os.pathsep}{os.defpath}"}

    @property
    def arguments(self) -> list[tuple[str, ...]]:
        """With what it was started."""
        return [record.argv for record in self._spy.records]

    @property
    def could_read(self) -> str:
        """What there was on standard input."""
        return self._read.read_text(encoding="utf-8")


@pytest.fixture
def stand_in(tmp_path: Path) -> StandIn:
    """Give a stand-in for glcheck."""
    return StandIn(tmp_path)


DASH = shutil.which("dash", path=os.defpath)
SHELLS: dict[str, tuple[str, ...]] = {
    "sh": ("/bin/sh",),
    "bash": ("bash", "--posix"),
    **({"dash": (DASH,)} if DASH else {}),
}


@pytest.mark.parametrize("shell", SHELLS.values(), ids=SHELLS)
class TestScript:
    """The script under the shells that may be a system's `sh`."""

    def test_arguments_arrive_as_they_are(
        self, shell: tuple[str, ...], stand_in: StandIn, tmp_path: Path
    ) -> None:
        arguments = (
            "a remote",
            "/a path/with 'quotes' \"and\" $HOME `id` \\ * ; .git",
            "",
            "-x",
            "ü\n",
        )
        ended = run([*shell, HOOK, *arguments], tmp_path, stand_in.env)
        assert ended == (0, "")
        assert stand_in.arguments == [("hook", *arguments)]

    @pytest.mark.parametrize("code", [0, 2, 10, 21, 30, 70, 130])
    def test_the_exit_code_is_glchecks(
        self, shell: tuple[str, ...], code: int, stand_in: StandIn, tmp_path: Path
    ) -> None:
        stand_in.ends_with(code)
        ended = run([*shell, HOOK, "origin", "url"], tmp_path, stand_in.env)
        assert ended.code == code
        assert ("git push --no-verify" in ended.out) == (code != 0)

    def test_standard_output_is_left_to_git(
        self, shell: tuple[str, ...], stand_in: StandIn, tmp_path: Path
    ) -> None:
        script(stand_in.bin / "glcheck", "echo said")
        command = [*shell, str(HOOK), "origin", "url"]
        done = subprocess.run(
            command, env=stand_in.env, cwd=tmp_path, capture_output=True, timeout=60, check=True
        )
        assert (done.stdout, done.stderr) == (b"", b"said\n")

    def test_standard_input_is_left_to_others(
        self, shell: tuple[str, ...], stand_in: StandIn, tmp_path: Path
    ) -> None:
        listed = "refs/heads/main 1 refs/heads/main 0\n"
        command = f"{' '.join(shell)} {quoted(HOOK)} && cat"
        assert run([*shell, "-c", command], tmp_path, stand_in.env, stdin=listed.encode()) == (
            0,
            listed,
        )
        assert stand_in.could_read == ""

    def test_without_glcheck_it_stops_and_says_what_to_do(
        self, shell: tuple[str, ...], tmp_path: Path
    ) -> None:
        ended = run([*shell, HOOK, "origin", "url"], tmp_path, {"PATH": os.defpath})
        assert ended.code not in {0, 127}
        assert "pipx install glcheck" in ended.out
        assert "git push --no-verify" in ended.out
        assert "not found" not in ended.out

    def test_it_runs_with_unset_variables_forbidden(
        self, shell: tuple[str, ...], stand_in: StandIn, tmp_path: Path
    ) -> None:
        assert run([*shell, "-eu", HOOK], tmp_path, stand_in.env) == (0, "")
        assert stand_in.arguments == [("hook",)]


def test_without_glcheck_git_does_not_push_and_shows_why(home: Home) -> None:
    clone = home.clone("copy")
    pushed = clone.push(GOOD, env=home.without_glcheck)
    assert not pushed.passed
    assert "pipx install glcheck" in pushed.out
    assert clone.push(GOOD, "--no-verify", env=home.without_glcheck).passed


def test_git_tells_the_hook_where_it_pushes_to(home: Home, stand_in: StandIn) -> None:
    clone = home.clone("copy")
    assert clone.push(env=stand_in.env).passed
    assert stand_in.arguments == [("hook", "origin", str(clone.bare))]


def test_a_hook_that_calls_it_first_still_gets_the_list_of_what_is_pushed(home: Home) -> None:
    (text,) = re.findall(
        r"^```sh\n(#!/bin/sh\n.*?)^```", PAGES["docs/hooks.md"], re.MULTILINE | re.DOTALL
    )
    assert "…/glcheck/hooks/pre-push" in text
    clone = home.clone("copy")
    hook, listed = clone.path / ".git" / "hooks" / "pre-push", home.directory / "listed"
    lines = text.replace("…/glcheck/hooks/pre-push", quoted(HOOK)).splitlines()
    script(hook, *lines[1:], f"cat > {quoted(listed)}")
    assert not clone.push(REVOKED).passed
    assert not listed.exists()
    assert clone.push(GOOD).passed
    head = clone.git("rev-parse", "HEAD")
    assert listed.read_text(encoding="utf-8") == f"HEAD {head} refs/heads/main {'0' * 40}\n"


def test_shellcheck_has_nothing_against_it(tmp_path: Path) -> None:
    command = [str(BIN / "shellcheck"), "--norc"]
    assert run([*command, HOOK], tmp_path, {"PATH": os.defpath}) == (0, "")
    bad = script(tmp_path / "bad", "exec glcheck hook $@")
    assert "SC2068" in run([*command, bad], tmp_path, {"PATH": os.defpath}).out


def test_it_is_executable_here_and_in_git(machine: Machine) -> None:
    assert stat.S_IMODE(HOOK.stat().st_mode) & 0o111 == 0o111
    done = subprocess.run(
        ["git", "ls-files", "-s", "hooks"],
        cwd=machine.source,
        env=machine.git_env,
        capture_output=True,
        check=True,
    )
    assert re.fullmatch(r"100755 [0-9a-f]+ 0\thooks/pre-push\n", done.stdout.decode())
