"""The hooks under the real pre-commit and the real prek: the manifest, and each hook by hand."""

from __future__ import annotations

import re

import pytest
import yaml
from kit.act import ROOT
from kit.hook_clients import (
    BIN,
    CLIENTS,
    COMMIT,
    NARROW,
    PAGES,
    REVOKED,
    Ended,
    Home,
    each_client,
    head,
    run,
)
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
    validate = (BIN / client, "validate-manifest")
    ended = run([*validate, MANIFEST], home.directory, home.env)
    assert ended.code == 0, ended.out
    assert run([*validate, bad], home.directory, home.env).code != 0


def test_the_hook_for_the_token_runs_at_each_push_and_takes_no_files() -> None:
    assert [(hook["id"], hook["language"]) for hook in HOOKS.values()] == [
        ("glcheck", "python"), ("glcheck-config", "python"),
    ]  # fmt: skip
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


# Installed for one run alone: what is asked for, the token, and what comes of it.
TRIED = {
    "a good token": ("glcheck --hook-stage pre-push --verbose", GOOD, 0, "GITLAB_TOKEN", 1),
    "a bad token": ("glcheck --hook-stage manual", REVOKED, 14, "error[token-revoked] ", 1),
    "a bad policy": ("glcheck-config", GOOD, 2, "error[config-error] .glcheck.yml:2: ", 0),
}


@each_client
@pytest.mark.parametrize(("words", "token", "code", "said", "asked"), TRIED.values(), ids=TRIED)
def test_a_hook_can_be_tried_without_being_set_up(
    home: Home, words: str, token: str, code: int, said: str, asked: int
) -> None:
    clone = home.clone(files={".glcheck.yml": BAD} if "config" in words else {})
    tried = (*words.split(), "--all-files")
    ended = clone.client(
        "try-repo", home.machine.source, *tried, token=token, **home.machine.installing
    )
    assert ended.code == bool(code), ended.out
    assert (f"exit code: {code}" in ended.out) == bool(code)
    assert bool(re.search(r"^GitLab token\.+Passed$", ended.out, re.MULTILINE)) == (not code)
    assert said in ended.out
    if code:
        assert ended.fails_for(said[6:].partition("]")[0])
    assert home.asked == asked


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
    words = ("run", "glcheck-config", "--all-files")
    ended = home.clone(files=files).client(*words, token=REVOKED)
    assert outcome(ended) == expected, ended.out
    assert (f"error[config-error] {said}" in ended.out) == bool(said)
    assert home.asked == 0


@each_client
def test_a_bad_policy_file_stops_a_commit_and_a_good_one_does_not(home: Home) -> None:
    clone = home.clone(files={".glcheck.yml": BAD})
    before = head(clone.path)
    assert outcome(clone.run("git", *COMMIT, token=REVOKED)) == "Failed"
    assert head(clone.path) == before
    clone.write({".glcheck.yml": POLICY})
    ended = clone.run("git", *COMMIT, token=REVOKED)
    assert outcome(ended) == "Passed"
    assert head(clone.path) != before
    # The token matters to pushes alone.
    assert "GitLab token" not in ended.out
    assert home.asked == 0


@each_client
def test_the_token_can_be_checked_by_hand(home: Home) -> None:
    clone = home.clone()
    by_hand = ("run", "--hook-stage", "manual", "glcheck")
    assert clone.client(*by_hand, token=GOOD).code == 0
    ended = clone.client(*by_hand, token=REVOKED)
    assert ended.fails_for("token-revoked")
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
    assert clone.push(NARROW).fails_for("scope-missing")
    assert clone.push(GOOD).passed
    assert clone.client("run", "--all-files").code == 0
    assert home.asked == 2
