"""From flags, environment and policy file to the plan of a run.

Everything that can be wrong with what was asked is found here, before anything is sent.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from glcheck import address, providers
from glcheck.ci import github_actions, gitlab_ci
from glcheck.policy import INPUT, Output, Plan, Requirements, Source, TokenPolicy, file_at
from glcheck.problem import Category
from glcheck.settings.layers import (
    Complaints,
    Given,
    Layer,
    from_environment,
    from_flags,
    input_token,
    merge,
    read,
)
from glcheck.settings.table import SETTINGS

POLICY_FILES = (".glcheck.yml", ".glcheck.yaml")
_MOST_PROBLEMS = 50  # who has more will run it again after mending these


def resolve(
    flags: Mapping[str, Sequence[str]],
    environ: Mapping[str, str],
    directory: Path,
    only: Sequence[str] = (),
    max_wait: float | None = None,
) -> Plan:
    """The plan that the layers make: flags over environment over policy file over defaults.

    `flags` has the texts given for each setting; `directory` is where a policy file is looked for;
    `only` names the tokens of the policy to check, all if it is empty; `max_wait` is the default of
    that setting in seconds, where it is not the usual one.
    """
    complaints = Complaints(environ)
    by_flag, by_variable = from_flags(flags, complaints), from_environment(environ, complaints)
    named = by_flag.get("config") or by_variable.get("config")
    around = _Around(environ, directory, complaints, flags.get("url", ()))
    in_file, of_tokens = _read_file(named, around)
    top = merge(in_file, by_variable, by_flag)
    tokens = _tokens(of_tokens, top, around)
    _check_only(only, of_tokens is not None, tokens, complaints)
    output = _output(top, around)
    problems = complaints.problems
    return Plan(
        tokens=() if problems else tuple(one for one in tokens if not only or one.name in only),
        timeout=_of_run(top, "timeout"),
        max_wait=max_wait if max_wait and "max-wait" not in top else _of_run(top, "max-wait"),
        output=output,
        policy=complaints.file or None,
        problems=problems[:_MOST_PROBLEMS],
        hook_max_age=_of_run(top, "hook-max-age"),
        hook_strict=_of_run(top, "hook-strict"),
    )


class _Around:
    """What a plan is made in; `urls` are those that flags name."""

    def __init__(
        self,
        environ: Mapping[str, str],
        directory: Path,
        complaints: Complaints,
        urls: Sequence[str],
    ) -> None:
        self.environ = environ
        self.directory = directory
        self.complaints = complaints
        self.urls = urls


def _of_run(top: Layer, name: str) -> Any:
    setting = SETTINGS[name]
    return top[name].value if name in top else setting.read(setting.default)


def _check_only(
    only: Sequence[str], several: bool, tokens: Sequence[TokenPolicy], complaints: Complaints
) -> None:
    if only and not several:
        complaints.complain("--only", "needs a policy file with `tokens:`")
        return
    names = [policy.name for policy in tokens]
    for name in only:
        if name not in names:
            sentence = f"there is no such token in the policy, which has {', '.join(names)}"
            complaints.complain("--only", sentence)


# --- the policy file ---


def find(directory: Path) -> Path | None:
    """The policy file of that directory, else of the git work tree that it lies in, or None."""
    places = [directory]
    above = (directory, *directory.parents)
    places += [parent for parent in above if (parent / ".git").exists()][:1]
    files = (place / name for place in places for name in POLICY_FILES)
    return next((file for file in files if file.is_file()), None)


def _read_file(named: Given | None, around: _Around) -> tuple[Layer, dict[str, Layer] | None]:
    """The layers of the policy file: of its top level, and of each token by its name, if any.

    They are empty where there is no file or it cannot be read.
    """
    directory, complaints = around.directory, around.complaints
    path = file_at(named.value) if named else None
    if not named and not complaints.in_action:
        path = find(directory)
    if path is None:
        return {}, None
    path = directory / path
    if named and not path.is_file():
        sentence = "there is no such policy file"
        complaints.complain(named.origin, sentence, complaints.absent_fix, Category.CONFIG_ERROR)
        return {}, None
    complaints.file = path.name if path.parent == directory else str(path)
    from glcheck.settings import policy_file  # only where there is one
    from glcheck.settings.yaml_nodes import Unreadable

    try:
        content = policy_file.load(path)
    except Unreadable as error:
        where = f"{complaints.file}:{error.line}" if error.line else complaints.file
        complaints.complain(where, error.sentence)
        return {}, None
    keys = policy_file.Keys(complaints, found=named is None)
    top = keys.layer(content.top)
    if not named:
        _check_receiver(top, top, around)
    if content.tokens is None:
        return top, None
    tokens: dict[str, Layer] = {}
    for line, of_token in content.tokens:
        name = keys.name(of_token, line)
        if name in tokens:
            where = f"{complaints.file}:{line}"
            complaints.complain(where, "another token of this policy has the same name")
        tokens[name] = keys.layer(of_token, of_token=True)
        if not named:
            _check_receiver(tokens[name], merge(top, tokens[name]), around)
    return top, tokens


# --- tokens ---


def _tokens(of_tokens: dict[str, Layer] | None, top: Layer, around: _Around) -> list[TokenPolicy]:
    if of_tokens is None:
        return [_token(None, top, around)]
    complaints, policies = around.complaints, []
    for name, layer in of_tokens.items():
        policy = _token(name, merge(top, layer), around)
        stronger = (one.origin for one in top.values() if one.name in layer)
        notes = [
            f"{origin} has no effect here: {complaints.file} says it for this token"
            for origin in stronger
            if not complaints.in_file(origin)
        ]
        policies.append(policy._replace(notes=(*policy.notes, *notes)))
    if input_token(around.environ) and not any(policy.source.is_input for policy in policies):
        complaints.complain(
            "input token",
            "no token of the policy uses it",
            "Leave it out: the policy names variables.",
        )
    return policies


def _token(name: str | None, layer: Layer, around: _Around) -> TokenPolicy:
    """One token's policy, from what holds for it."""
    environ, complaints = around.environ, around.complaints
    given = {name.replace("-", "_"): one.value for name, one in layer.items()}
    asked = {name: given[name] for name in Requirements._fields if name in given}
    requirements = Requirements(**asked)
    if requirements.role and not requirements.namespace:
        sentence = "role needs a project or a group in which to have it"
        complaints.complain(layer["role"].origin, sentence)
    provider = _provider(layer)
    named = Source(given.get("token_env"), given.get("token_file"))
    source = resolve_source(named, provider, environ)
    url = _url(layer, provider, around)
    origins = [layer[name].origin for name in ("token-env", "token-file") if name in layer]
    return TokenPolicy(
        name=name or source.name or "token",
        provider=given.get("provider", providers.DEFAULT),
        source=source,
        url=url,
        ca_file=_ca_file(layer, provider, url, around),
        requirements=requirements,
        allow=given.get("allow", ()),
        named_in_policy=name is not None or any(map(complaints.in_file, origins)),
        notes=_notes(named, source, environ),
    )


def _provider(layer: Layer) -> providers.Provider:
    return providers.face(layer["provider"].value if "provider" in layer else providers.DEFAULT)


def resolve_source(
    named: Source, provider: providers.Provider, environ: Mapping[str, str]
) -> Source:
    """The source that is named, else the first of the usual variables that is set.

    In the action, that is its input `token`, where neither says otherwise.
    """
    if named.file:
        return named
    usual = (INPUT, *provider.TOKEN_VARIABLES)
    variable = named.variable or next((name for name in usual if environ.get(name)), None)
    if github_actions.in_action(environ) and variable in (None, INPUT):
        return Source(INPUT, is_input=True)
    return Source(variable)


def _notes(named: Source, source: Source, environ: Mapping[str, str]) -> tuple[str, ...]:
    notes = []
    if github_actions.in_action(environ) and not named.label and not source.is_input:
        notes.append(f"the input token is empty; {source.label} of the job was checked")
    exposure = gitlab_ci.exposure(environ)
    if exposure and source.variable and environ.get(source.variable):
        notes.append(exposure)
    return tuple(notes)


# --- where to ask ---


def _url(layer: Layer, provider: providers.Provider, around: _Around) -> str:
    """The base URL, after a complaint where a token must not be sent there."""
    complaints = around.complaints
    given = layer.get("url") or _usual_url(provider, around)
    url = provider.base_url(given.value)
    allowed = "allow-http" in layer and layer["allow-http"].value
    if url.startswith("http://") and not allowed and not address.is_loopback(url):
        complaints.complain(
            given.origin,
            "http:// would send the token unencrypted",
            "Write https://, or set allow-http if the way to that host is safe.",
        )
    return url


def _usual_url(provider: providers.Provider, around: _Around) -> Given:
    variable, text = provider.default_url(around.environ)
    if not variable:
        return Given("url", text, "")
    given = read(SETTINGS["url"], [text], variable, around.complaints)
    return given or Given("url", provider.PUBLIC_URL, variable)


def _check_receiver(layer: Layer, whole: Layer, around: _Around) -> None:
    """A policy that was merely found, as in a checkout, must not choose whom a secret is sent to.

    The `url` of a layer may be on this machine, or of an origin that flags or the environment name
    as well. `whole` is the layer with what it inherits.
    """
    if "url" not in layer:
        return
    provider = _provider(whole)
    url, complaints = provider.base_url(layer["url"].value), around.complaints
    by_variable = (around.environ.get("GLCHECK_URL", ""), *provider.urls(around.environ))
    named = _origins((*around.urls, *by_variable)) or {address.origin(provider.PUBLIC_URL)}
    if address.is_loopback(url) or address.origin(url) in named:
        return
    first, *others = provider.URL_VARIABLES
    others = ["GLCHECK_URL", *others, "--url"]
    complaints.complain(
        layer["url"].origin,
        f"it would send tokens to {url}, and nothing outside this file confirms that address",
        f"If it is right, name the file with `--config {complaints.file}`, or set {first} (or "
        f"{', '.join(others)}) to it. Otherwise a checkout could redirect your tokens.",
    )


def _origins(texts: Sequence[str]) -> set[tuple[str, str, int]]:
    """The origins of those texts that are addresses; what is none is refused where it is used."""
    found = set()
    for text in texts:
        try:
            found.add(address.origin(address.read(text.strip())))
        except ValueError:
            continue
    return found


def _ca_file(layer: Layer, provider: providers.Provider, url: str, around: _Around) -> str | None:
    if "ca-file" not in layer:
        return provider.ca_file(around.environ, url)
    given, complaints = layer["ca-file"], around.complaints
    path = around.directory / file_at(given.value)
    import ssl  # only to see whether the bundle is one

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(**{"capath" if path.is_dir() else "cafile": str(path)})
    except FileNotFoundError:
        sentence = "this file of CA certificates does not exist"
        complaints.complain(given.origin, sentence, complaints.absent_fix)
    except OSError:  # ssl.SSLError is one
        complaints.complain(given.origin, "no CA certificate can be read from this file")
    return str(path)


# --- reports ---


def _output(top: Layer, around: _Around) -> Output:
    chosen = top["format"].value if "format" in top else "auto"
    if chosen == "auto":
        chosen = "github" if github_actions.is_here(around.environ) else "text"
    path = top["output"].value if "output" in top else None
    reports = top["report"].value if "report" in top else ()
    paths = {"output": [path] if path else [], "report": [target for _, target in reports]}
    every = [*paths["output"], *paths["report"]]
    if len(set(every)) < len(every):
        sentence = "two reports cannot go to the same file"
        around.complaints.complain(top["report"].origin, sentence)
    for name, targets in paths.items():
        if not all(_writable(around.directory / target) for target in targets):
            sentence = f"{name} names a file that cannot be written"
            around.complaints.complain(top[name].origin, sentence)
            return Output(chosen, None, ())
    return Output(chosen, path, reports)


def _writable(file: Path) -> bool:
    try:
        place = file if file.exists() else file.parent
        return not file.is_dir() and os.access(place, os.W_OK) and file.parent.is_dir()
    except (OSError, ValueError):  # a name that is too long, or none that the system takes
        return False
