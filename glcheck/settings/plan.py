"""From flags, environment and policy file to the plan of a run.

Everything that can be wrong with what was asked is found here, before anything is sent.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from glcheck import address
from glcheck.ci import surroundings
from glcheck.problem import Category, Problem
from glcheck.providers.gitlab import shapes
from glcheck.secret import INPUT, Source
from glcheck.settings import policy_file
from glcheck.settings.policy_file import Key, PolicyFile, Unreadable, Value
from glcheck.settings.table import (
    EXCLUSIVE,
    NAMES_OF_SECRETS,
    SETTINGS,
    WARN_AUTO,
    Setting,
    did_you_mean,
    nameable,
)

_NAME = re.compile(r"[A-Za-z0-9 _.-]{1,80}", re.ASCII)
_TIMEOUT, _MAX_WAIT = 10.0, 60.0
_HOOK_MAX_AGE = 3600
_MOST_PROBLEMS = 50  # who has more will run it again after mending these


class Requirements(NamedTuple):
    """What is asked of one token; durations in seconds, the role as a name."""

    scopes: tuple[str, ...] = ()
    forbid_scopes: tuple[str, ...] = ()
    min_validity: float = 0
    warn_validity: float = WARN_AUTO
    max_validity: float | None = None
    project: str | None = None
    group: str | None = None
    role: str | None = None
    kind: str | None = None

    @property
    def asked(self) -> list[str]:
        """The names of the settings that ask something of the token; warnings ask nothing."""
        values = self._asdict()
        del values["warn_validity"]
        return [name.replace("_", "-") for name, value in values.items() if value]

    @property
    def namespace(self) -> tuple[str, str] | None:
        """("project" or "group", its path or id); None if neither is asked for."""
        if self.project:
            return "project", self.project
        return ("group", self.group) if self.group else None


class TokenPolicy(NamedTuple):
    """One token to check: where it is, whom to ask, and what is required of it."""

    name: str
    source: Source
    url: str
    ca_file: str | None
    requirements: Requirements
    allow: tuple[Category, ...]
    named_in_policy: bool
    notes: tuple[str, ...] = ()


class Output(NamedTuple):
    """Where reports go: the main one (to `path`; None is standard output) and further ones."""

    format: str
    path: str | None
    reports: tuple[tuple[str, str], ...]


class Plan(NamedTuple):
    """A whole run; times in seconds. With problems there are no tokens, and nothing is to be sent."""

    tokens: tuple[TokenPolicy, ...]
    timeout: float
    max_wait: float
    output: Output
    policy: str | None  # the policy file in use, as it was named or found
    problems: tuple[Problem, ...]
    hook_max_age: float
    hook_strict: bool


class Given(NamedTuple):
    """The value of a setting and how it was given: by a flag, a variable, or a line of the policy file."""

    name: str
    value: Any
    origin: str


Layer = dict[str, Given]


def resolve(
    flags: Mapping[str, Sequence[str]],
    environ: Mapping[str, str],
    directory: Path,
    only: Sequence[str] = (),
    max_wait: float = _MAX_WAIT,
) -> Plan:
    """The plan that the layers make: flags over environment over policy file over defaults.

    `flags` has the texts given for each setting; `directory` is where a policy file is looked for;
    `only` names the tokens of the policy to check, all if it is empty; `max_wait` is the default of that setting.
    """
    return _Resolver(environ, directory).resolve(flags, only, max_wait)


class _Resolver:
    """Reads the layers one after the other and collects what is wrong with them."""

    def __init__(self, environ: Mapping[str, str], directory: Path) -> None:
        self.environ = environ
        self.directory = directory
        self.problems: dict[str, Problem] = {}  # by message: many tokens can share one mistake
        self.file = ""  # the policy file as messages call it
        self.found = False  # whether it was merely found, not named
        self.origins: set[tuple[str, str, int]] = set()  # where a found one may send a token

    def resolve(
        self, flags: Mapping[str, Sequence[str]], only: Sequence[str], max_wait: float
    ) -> Plan:
        by_flag = self.layer(
            self.read(SETTINGS[name], texts, SETTINGS[name].flag) for name, texts in flags.items()
        )
        by_variable = self.layer(
            [*map(self.from_environment, SETTINGS.values()), self.from_input()]
        )
        self.origins = address.named_origins(self.environ, *flags.get("url", ()))
        content = self.policy(by_flag.get("config") or by_variable.get("config"))
        top = merge(self.layer(self.key(key) for key in content.top), by_variable, by_flag)
        tokens = self.tokens(content, top)
        if only and content.tokens is None:
            self.complain("--only", "needs a policy file with `tokens:`")
        for name in only if content.tokens else ():
            names = [policy.name for policy in tokens]
            if name not in names:
                self.complain(
                    "--only", f"there is no such token in the policy, which has {', '.join(names)}"
                )
        output = self.output(top)
        defaults = {
            "timeout": _TIMEOUT,
            "max-wait": max_wait,
            "hook-max-age": _HOOK_MAX_AGE,
            "hook-strict": False,
        }
        of_run: dict[str, Any] = {
            name: top[name].value if name in top else default for name, default in defaults.items()
        }
        return Plan(
            tuple(
                policy
                for policy in tokens
                if not self.problems and (not only or policy.name in only)
            ),
            of_run["timeout"],
            of_run["max-wait"],
            output,
            self.file or None,
            tuple(self.problems.values())[:_MOST_PROBLEMS],
            of_run["hook-max-age"],
            of_run["hook-strict"],
        )

    def from_environment(self, setting: Setting) -> Given | None:
        if (
            setting.name == "token-file"
            and self.environ.get(setting.variable) == ""
            and self.environ.get("GITLAB_CI")
        ):
            # A runner empties `$NAME` where there is no such variable; taking that for "not given" would check another.
            self.complain(
                setting.variable,
                "is empty: the variable that it is made from is not set in this job",
            )
        return self.read(setting, [self.environ.get(setting.variable, "")], self.spelling(setting))

    def from_input(self) -> Given | None:
        """The action's input `token`: it stands for `token-env`, and is no weaker than that."""
        given = surroundings.in_action(self.environ) and self.environ.get(INPUT)
        return Given("token-env", INPUT, "input token") if given else None

    def spelling(self, setting: Setting) -> str:
        """What stands for the setting in the environment, as whoever gave it knows it."""
        return f"input {setting.name}" if surroundings.in_action(self.environ) else setting.variable

    @property
    def absent_fix(self) -> str:
        """What to do about a file that is not there; nothing special outside of the action."""
        if not surroundings.in_action(self.environ):
            return ""
        return "Correct it. A file of the repository is there only behind a step with actions/checkout."

    def in_file(self, origin: str) -> bool:
        """Whether that is a line of the policy file."""
        return bool(self.file) and origin.startswith(self.file)

    def complain(
        self, origin: str, sentence: str, fix: str = "", category: Category | None = None
    ) -> None:
        """Note a problem of what stands at `origin`: a flag, a variable, or a line of the policy file."""
        in_file = self.in_file(origin)
        if surroundings.in_action(self.environ):
            usual_fix = (
                "Correct the policy file." if in_file else "Correct it in the `with:` of this step."
            )
        elif in_file:
            usual_fix = "Correct the policy file; `glcheck config` checks it without asking GitLab."
        else:
            usual_fix = "Correct it; `glcheck check --help` lists all settings."
        message = f"{origin}: {sentence}{'' if sentence.endswith('?') else '.'}"
        category = category or (Category.CONFIG_ERROR if in_file else Category.USAGE_ERROR)
        self.problems[message] = Problem(
            category, message, fix or usual_fix, details={"where": origin}
        )

    def read(self, setting: Setting, texts: Sequence[str], origin: str) -> Given | None:
        """The value of those texts; None where they are empty, or wrong and complained about."""
        parts = [part.strip() for text in texts for part in setting.split(text) if part.strip()]
        try:
            values = [setting.read(part) for part in parts]
        except ValueError as error:
            said_already = origin in (setting.flag, self.spelling(setting))
            self.complain(origin, str(error) if said_already else f"{setting.name} {error}")
            return None
        if not values:
            return None
        return Given(
            setting.name, tuple(dict.fromkeys(values)) if setting.many else values[-1], origin
        )

    def layer(self, values: Iterable[Given | None]) -> Layer:
        """What is given in one layer, without the second of two that exclude each other."""
        given = {value.name: value for value in values if value}
        for one, other in EXCLUSIVE:
            if one in given and other in given:
                first = given[one].origin.removeprefix("input ")
                self.complain(
                    given.pop(other).origin, f"{other} cannot be given together with {first}"
                )
        return given

    # --- the policy file ---

    def policy(self, named: Given | None) -> PolicyFile:
        """The policy file's content; an empty one where there is none or it cannot be read."""
        path = Path(named.value).expanduser() if named else None
        if not named and not surroundings.in_action(self.environ):
            path = policy_file.find(self.directory)
        if path is None:
            return PolicyFile((), None)
        path = self.directory / path
        self.found = named is None
        if named and not path.is_file():
            self.complain(
                named.origin, "there is no such policy file", self.absent_fix, Category.CONFIG_ERROR
            )
            return PolicyFile((), None)
        self.file = path.name if path.parent == self.directory else str(path)
        try:
            content = policy_file.load(path)
        except Unreadable as error:
            self.complain(f"{self.file}:{error.line}" if error.line else self.file, error.sentence)
            return PolicyFile((), None)
        return content

    def key(self, key: Key, of_token: bool = False) -> Given | None:
        """What that line of the file gives; None for nothing, or something wrong and complained about."""
        origin = f"{self.file}:{key.line}"
        if key.name == "version" and not of_token:
            if (key.value.type, key.value.text) != ("int", "1"):
                self.complain(origin, "version must be 1, the only version there is")
            return None
        if key.name == "name" and of_token:
            return None  # read where the tokens are told apart
        refusal = self.why_not(key.name, of_token)
        if refusal:
            self.complain(origin, refusal)
            return None
        given = self.read_yaml(SETTINGS[key.name], key.value, origin)
        if given and given.name == "url" and self.found and not self.may_use(given.value):
            self.complain(
                origin,
                f"it would send tokens to {given.value}, and nothing outside this file confirms that address",
                f"If it is right, name the file with `--config {self.file}`, or set GITLAB_URL (or GLCHECK_URL, "
                "GITLAB_HOST, CI_SERVER_URL, CI_API_V4_URL, --url) to it. Otherwise a checkout could redirect your "
                "tokens.",
            )
        return given

    def may_use(self, url: str) -> bool:
        """A policy that lies in a checkout must not choose whom a secret is sent to."""
        return address.is_loopback(url) or address.origin(url) in self.origins

    def why_not(self, name: str, of_token: bool) -> str | None:
        """Why a key of that name cannot stand there; None if it can."""
        setting = SETTINGS.get(name)
        if setting is None:
            if name in NAMES_OF_SECRETS:
                return (
                    "a token's value does not belong in a file; name its variable with `token-env`"
                )
            if name == "<<":
                return "merge keys (`<<`) are not taken; the top level holds what all tokens share"
            places = ("token",) if of_token else ("token", "run")
            known = [setting.name for setting in SETTINGS.values() if setting.place in places]
            shown = f"unknown key `{name}`" if nameable(name) else "unknown key"
            return shown + did_you_mean(name, [*known, "name" if of_token else "tokens"])
        if setting.place == "command":
            return f"`{name}` cannot stand in a policy file"
        if of_token and setting.place == "run":
            return f"`{name}` belongs at the top level, not to one token"
        if self.found and not setting.if_found:
            return f"`{name}` is taken only from a file that was named, with --config or GLCHECK_CONFIG"
        return None

    def read_yaml(self, setting: Setting, value: Value, origin: str) -> Given | None:
        if value.type == "null":
            return None
        listed = setting.many and value.type == "seq"
        given = []
        for scalar in value.items if listed else (value,):
            where = f"{self.file}:{scalar.line}" if listed else origin
            if scalar.type in (("str",) if listed else setting.types):
                given.append(self.read(setting, [scalar.text], where))
            else:
                self.complain(where, f"{setting.name} must be {setting.wanted}")
        sound = [one for one in given if one]
        if listed and sound:
            return sound[0]._replace(
                value=tuple(dict.fromkeys(item for one in sound for item in one.value))
            )
        return sound[0] if sound else None

    # --- tokens ---

    def tokens(self, content: PolicyFile, top: Layer) -> tuple[TokenPolicy, ...]:
        if content.tokens is None:
            return (self.token(None, top),)
        policies: dict[str, TokenPolicy] = {}
        for line, keys in content.tokens:
            name = self.name(keys, line)
            if name in policies:
                self.complain(
                    f"{self.file}:{line}", "another token of this policy has the same name"
                )
            layer = self.layer(self.key(key, of_token=True) for key in keys)
            stronger = (one.origin for one in top.values() if one.name in layer)
            unused = [origin for origin in stronger if not self.in_file(origin)]
            notes = [
                f"{origin} has no effect here: {self.file} says it for this token"
                for origin in unused
            ]
            policy = self.token(name, merge(top, layer))
            policies[name] = policy._replace(notes=(*policy.notes, *notes))
        if self.from_input() and not any(policy.source.is_input for policy in policies.values()):
            self.complain(
                "input token",
                "no token of the policy uses it",
                "Leave it out: the policy names variables.",
            )
        return tuple(policies.values())

    def name(self, keys: Sequence[Key], line: int) -> str:
        key = next((key for key in keys if key.name == "name"), None)
        if key is None:
            self.complain(f"{self.file}:{line}", "this token has no `name`")
            return f"line {line}"
        text = key.value.text
        if key.value.type != "str" or not _NAME.fullmatch(text) or shapes.looks_like_token(text):
            self.complain(
                f"{self.file}:{key.line}",
                "name must be a text (a number needs quotes) of 1 to 80 letters, digits, blanks and . _ -",
            )
            return f"line {line}"
        return text

    def token(self, name: str | None, layer: Layer) -> TokenPolicy:
        given = {name.replace("-", "_"): one.value for name, one in layer.items()}
        requirements = Requirements(
            **{name: given[name] for name in Requirements._fields if name in given}
        )
        if requirements.role and not requirements.namespace:
            self.complain(
                layer["role"].origin, "role needs a project or a group in which to have it"
            )
        named = Source(given.get("token_env"), given.get("token_file"))
        source = named.resolved(self.environ)
        fallback = surroundings.in_action(self.environ) and not named.label and not source.is_input
        notes = (
            [f"the input token is empty; {source.label} of the job was checked"] if fallback else []
        )
        exposure = surroundings.exposure(self.environ)
        if exposure and source.variable and self.environ.get(source.variable):
            notes.append(exposure)
        url = self.url(layer)
        origins = [layer[name].origin for name in ("token-env", "token-file") if name in layer]
        return TokenPolicy(
            name=name or source.name or "token",
            source=source,
            url=url,
            ca_file=self.ca_file(layer, url),
            requirements=requirements,
            allow=given.get("allow", ()),
            named_in_policy=name is not None or any(self.in_file(origin) for origin in origins),
            notes=tuple(notes),
        )

    def url(self, layer: Layer) -> str:
        given = layer.get("url") or self.default_url()
        allowed = "allow-http" in layer and layer["allow-http"].value
        if (
            given.value.startswith("http://")
            and not allowed
            and not address.is_loopback(given.value)
        ):
            self.complain(
                given.origin,
                "http:// would send the token unencrypted",
                "Write https://, or set allow-http if the way to that host is safe.",
            )
        return str(given.value)

    def default_url(self) -> Given:
        variable, text = address.default(self.environ)
        return self.read(SETTINGS["url"], [text], variable) or Given(
            "url", address.DEFAULT, variable
        )

    def ca_file(self, layer: Layer, url: str) -> str | None:
        if "ca-file" not in layer:
            return address.ci_server_ca_file(self.environ, url)
        path = self.directory / Path(layer["ca-file"].value).expanduser()
        import ssl  # only to see whether the bundle is one

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            context.load_verify_locations(**{"capath" if path.is_dir() else "cafile": str(path)})
        except FileNotFoundError:
            self.complain(
                layer["ca-file"].origin,
                "this file of CA certificates does not exist",
                self.absent_fix,
            )
        except OSError:  # ssl.SSLError is one
            self.complain(layer["ca-file"].origin, "no CA certificate can be read from this file")
        return str(path)

    # --- reports ---

    def output(self, top: Layer) -> Output:
        chosen = top["format"].value if "format" in top else "auto"
        usual = "github" if self.environ.get("GITHUB_ACTIONS") == "true" else "text"
        path = top["output"].value if "output" in top else None
        reports = top["report"].value if "report" in top else ()
        targets = [target for _, target in reports] + [path] * (path is not None)
        if len(set(targets)) < len(targets):
            self.complain(top["report"].origin, "two reports cannot go to the same file")
        for name, paths in (
            ("output", [path] if path else []),
            ("report", [path for _, path in reports]),
        ):
            for target in paths:
                if not _writable(self.directory / target):
                    self.complain(top[name].origin, f"{name} names a file that cannot be written")
                    return Output(usual if chosen == "auto" else chosen, None, ())
        return Output(usual if chosen == "auto" else chosen, path, reports)


def _writable(file: Path) -> bool:
    try:
        return (
            not file.is_dir()
            and os.access(file if file.exists() else file.parent, os.W_OK)
            and file.parent.is_dir()
        )
    except (OSError, ValueError):  # a name that is too long, or none that the system takes
        return False


def merge(*layers: Layer) -> Layer:
    """The layers as one, the last being the strongest; it replaces both of two that exclude each other."""
    merged: Layer = {}
    for layer in layers:
        for pair in EXCLUSIVE:
            if any(name in layer for name in pair):
                for name in pair:
                    merged.pop(name, None)
        merged.update(layer)
    return merged
