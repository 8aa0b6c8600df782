"""The layers that give a setting its value: flag, environment, policy file, default; who wins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from glcheck.ci import github_actions, gitlab_ci
from glcheck.policy import INPUT
from glcheck.problem import Category, Problem
from glcheck.settings.table import EXCLUSIVE, SETTINGS, Setting


class Given(NamedTuple):
    """The value of a setting and who gave it: a flag, a variable, or a line of the policy file."""

    name: str
    value: Any
    origin: str


Layer = dict[str, Given]


class Complaints:
    """Collects what is wrong with what was asked, in words for whoever asked it."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.in_action = github_actions.in_action(environ)
        self.file = ""  # the policy file in use, as messages call it
        self._problems: dict[str, Problem] = {}  # by message: many tokens can share one mistake

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What was complained about until now."""
        return tuple(self._problems.values())

    def in_file(self, origin: str) -> bool:
        """Whether that is a line of the policy file."""
        return bool(self.file) and origin.startswith(self.file)

    def complain(
        self, origin: str, sentence: str, fix: str = "", category: Category | None = None
    ) -> None:
        """Note what is wrong with what stands at `origin`: a flag, a variable, a line of a file."""
        in_file = self.in_file(origin)
        message = f"{origin}: {sentence}{'' if sentence.endswith('?') else '.'}"
        category = category or (Category.CONFIG_ERROR if in_file else Category.USAGE_ERROR)
        details = {"where": origin}
        fix = fix or self._usual_fix(in_file)
        self._problems[message] = Problem(category, message, fix, details=details)

    def _usual_fix(self, in_file: bool) -> str:
        if self.in_action:
            place = "the policy file" if in_file else "it in the `with:` of this step"
            return f"Correct {place}."
        if in_file:
            return "Correct the policy file; `glcheck config` checks it without asking anybody."
        return "Correct it; `glcheck check --help` lists all settings."

    @property
    def absent_fix(self) -> str:
        """What to do about a file that is not there; nothing special outside of the action."""
        if not self.in_action:
            return ""
        return (
            "Correct it. A file of the repository is there only behind a step with "
            "actions/checkout."
        )

    def spelling(self, setting: Setting) -> str:
        """What stands for the setting in the environment, as whoever gave it knows it."""
        return f"input {setting.name}" if self.in_action else setting.variable


def read(
    setting: Setting, texts: Sequence[str], origin: str, complaints: Complaints
) -> Given | None:
    """The value of those texts; None where they are empty, or wrong and complained about."""
    parts = [part.strip() for text in texts for part in setting.split(text) if part.strip()]
    try:
        values = [setting.read(part) for part in parts]
    except ValueError as error:
        named_already = origin in (setting.flag, complaints.spelling(setting))
        sentence = str(error) if named_already else f"{setting.name} {error}"
        complaints.complain(origin, sentence)
        return None
    if not values:
        return None
    value = tuple(dict.fromkeys(values)) if setting.many else values[-1]
    return Given(setting.name, value, origin)


def as_layer(values: Iterable[Given | None], complaints: Complaints) -> Layer:
    """What is given in one layer, without the second of two that exclude each other."""
    given = {value.name: value for value in values if value}
    for one, other in EXCLUSIVE:
        if one in given and other in given:
            first = given[one].origin.removeprefix("input ")
            sentence = f"{other} cannot be given together with {first}"
            complaints.complain(given.pop(other).origin, sentence)
    return given


def from_flags(flags: Mapping[str, Sequence[str]], complaints: Complaints) -> Layer:
    """What flags, or the arguments of `glcheck.check`, give: for each setting its texts."""
    settings = ((SETTINGS[name], texts) for name, texts in flags.items())
    given = (read(setting, texts, setting.flag, complaints) for setting, texts in settings)
    return as_layer(given, complaints)


def from_environment(environ: Mapping[str, str], complaints: Complaints) -> Layer:
    """What variables give, or the inputs of the action, which it passes on as variables."""
    given: list[Given | None] = []
    for setting in SETTINGS.values():
        text = environ.get(setting.variable, "")
        emptied = gitlab_ci.is_here(environ) and environ.get(setting.variable) == ""
        if setting.name == "token-file" and emptied:
            # A runner empties `$NAME` where there is no such variable; taking that for "not
            # given" would check another token.
            sentence = "is empty: the variable that it is made from is not set in this job"
            complaints.complain(setting.variable, sentence)
        if text:
            given.append(read(setting, [text], complaints.spelling(setting), complaints))
    return as_layer([*given, input_token(environ)], complaints)


def input_token(environ: Mapping[str, str]) -> Given | None:
    """The action's input `token`: it stands for `token-env`, and is no weaker than that."""
    given = github_actions.in_action(environ) and environ.get(INPUT)
    return Given("token-env", INPUT, "input token") if given else None


def merge(*layers: Layer) -> Layer:
    """The layers as one, the last being the strongest.

    One that gives a setting replaces both of two that exclude each other.
    """
    merged: Layer = {}
    for layer in layers:
        for pair in EXCLUSIVE:
            if any(name in layer for name in pair):
                for name in pair:
                    merged.pop(name, None)
        merged.update(layer)
    return merged
