"""The hooks under the real pre-commit and the real prek: the manifest, and each hook by hand."""

from __future__ import annotations

import re

import pytest
import yaml
from kit.act import ROOT
from kit.hook_clients import (
    BIN,
    CLIENTS,
    NARROW,
    PAGES,
    REVOKED,
    Ended,
    Home,
    assert_reason,
    each_client,
    head,
    run,
)  # fmt: skip
from kit.policies import GOOD

pytestmark = pytest.mark.slow
MANIFEST = ROOT / ".pre-commit-hooks.yaml"
HOOKS = {hook["id"]: hook for hook in yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))}
POLICY, BAD = "version: 1\nscopes: [api]\n", "version: 1\nscops: [api]\n"


@pytest.mark.parametrize("client", CLIENTS)
def test_the_client_accepts_the_manifest_and_would_refuse_a_bad_one(
    client: str, home: Home
) -> None:
    bad = home.directory / MANIFEST.name
    bad.write_text("- id: glcheck\n  name: GitLab token\n", encoding="utf-8")
    good, refused = (
        run([BIN / client, "validate-manifest", file], home.directory, home.env)
        for file in (MANIFEST, bad)
    )
    assert good.code == 0, good.out
    assert refused.code != 0


def test_there_is_a_hook_for_the_token_and_one_for_the_policy_file() -> None:
    assert [*HOOKS] == ["glcheck", "glcheck-config"]
    assert {hook["language"] for hook in HOOKS.values()} == {"python"}


def test_the_hook_for_the_token_runs_at_each_push_and_takes_no_files() -> None:
    at_push = {"stages": ["pre-push", "manual"], "always_run": True, "pass_filenames": False}
    assert HOOKS["glcheck"].items() >= {"entry": "glcheck hook", **at_push}.items()


def test_the_hook_for_the_policy_file_runs_at_a_commit_that_changes_it() -> None:
    hook = HOOKS["glcheck-config"]
    assert (hook["entry"], hook["stages"]) == ("glcheck config", ["pre-commit"])
    assert "always_run" not in hook
    ours = (".glcheck.yml", ".glcheck.yaml")
    others = ("a/.glcheck.yml", "glcheck.yml", ".glcheck.yml.bak", "x.glcheck.yml", ".glcheck-yml")
    assert [name for name in (*ours, *others) if re.search(hook["files"], name)] == [*ours]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("hook", HOOKS)
def test_the_pages_name_every_hook(page: str, hook: str) -> None:
    assert re.search(rf"^ *- id: {hook}(?: *#.*)?$", PAGES[page], re.MULTILINE)


# Installed for one run alone


@each_client
def test_try_repo_lets_a_good_token_pass_at_the_stage_of_a_push(home: Home) -> None:
    words = ("glcheck", "--hook-stage", "pre-push", "--all-files", "--verbose")
    ended = home.clone().try_repo(*words, token=GOOD)
    assert ended.code == 0, ended.out
    assert re.search(r"^GitLab token\.+Passed$", ended.out, re.MULTILINE)
    assert "GITLAB_TOKEN" in ended.out
    assert home.asked == 1


@each_client
def test_try_repo_fails_with_a_bad_token_at_the_manual_stage(home: Home) -> None:
    words = ("glcheck", "--hook-stage", "manual", "--all-files")
    ended = home.clone().try_repo(*words, token=REVOKED)
    assert (ended.code, "exit code: 14" in ended.out) == (1, True)
    assert_reason(ended.out, "token-revoked")
    assert home.asked == 1


@each_client
def test_try_repo_fails_with_the_line_of_a_bad_policy_file(home: Home) -> None:
    clone = home.clone(files={".glcheck.yml": BAD})
    ended = clone.try_repo("glcheck-config", "--all-files", token=GOOD)
    assert (ended.code, "exit code: 2" in ended.out) == (1, True)
    assert "error[config-error] .glcheck.yml:2: " in ended.out
    assert "scopes" in ended.out
    assert home.asked == 0


# Set up for good

FILES: dict[str, tuple[dict[str, str], str, str]] = {
    "a good one": ({".glcheck.yml": POLICY}, "Passed", ""),
    "two good ones": ({".glcheck.yml": POLICY, ".glcheck.yaml": POLICY}, "Passed", ""),
    "the longer name": ({".glcheck.yaml": "tokens: []\n"}, "Failed", ".glcheck.yaml:1: "),
    "one in a subdirectory": ({"a/.glcheck.yml": BAD}, "(no files to check)Skipped", ""),
}


def outcome(ended: Ended) -> str:
    """What the client says of the hook for the policy file."""
    found = re.search(r"^glcheck policy file\.+(.*)$", ended.out, re.MULTILINE)
    assert found, ended.out
    assert (ended.code == 1) == (found[1] == "Failed")
    return found[1]


@each_client
@pytest.mark.parametrize(("files", "expected", "said"), FILES.values(), ids=FILES)
def test_the_hook_for_the_policy_file_takes_those_at_the_root(
    home: Home, files: dict[str, str], expected: str, said: str
) -> None:
    ended = home.clone(files=files).run("glcheck-config", "--all-files", token=REVOKED)
    assert outcome(ended) == expected, ended.out
    assert (f"error[config-error] {said}" in ended.out) == bool(said)
    assert home.asked == 0


@each_client
def test_a_bad_policy_file_stops_a_commit_and_a_good_one_does_not(home: Home) -> None:
    clone = home.clone(files={".glcheck.yml": BAD})
    before = head(clone.path)
    assert outcome(clone.commit(REVOKED)) == "Failed"
    assert head(clone.path) == before
    clone.write({".glcheck.yml": POLICY})
    ended = clone.commit(REVOKED)
    assert outcome(ended) == "Passed"
    assert head(clone.path) != before
    # The token matters to pushes alone.
    assert "GitLab token" not in ended.out
    assert home.asked == 0


@each_client
def test_the_token_can_be_checked_by_hand(home: Home) -> None:
    clone = home.clone()
    assert clone.run("--hook-stage", "manual", "glcheck", token=GOOD).code == 0
    ended = clone.run("--hook-stage", "manual", "glcheck", token=REVOKED)
    assert ended.code == 1
    assert_reason(ended.out, "token-revoked")
    assert home.asked == 2


@each_client
@pytest.mark.parametrize("page", PAGES)
def test_the_configuration_in_the_pages_does_what_they_say(page: str, home: Home) -> None:
    (config,) = re.findall(r"^```yaml\n(repos:\n.*?)^```", PAGES[page], re.MULTILINE | re.DOTALL)
    source = home.machine.source
    ours = re.sub(
        r"repo: .*", f"repo: {source}", re.sub(r"rev: .*", f"rev: {head(source)}", config)
    )
    clone = home.clone(config=ours)
    pushed = clone.push(NARROW)
    assert not pushed.passed
    assert_reason(pushed.out, "scope-missing")
    assert clone.push(GOOD).passed
    assert clone.run("--all-files").code == 0
    assert home.asked == 2
