"""Values that are whole tokens, and values that cannot be one, each with what says why."""

from __future__ import annotations

from kit.policies import GOOD

TAIL = "Zq7Wm3Xv9Kb2Rt5Yp8NdLc4Hs6"  # what a value that is refused holds, to look for it in outputs
LONG = f"{TAIL}{TAIL[::-1]}"
ROUTABLE = "glpat-YWFhYWFhYWFhYWFhYWFhYW86MQp1OjF6EA.01.0y0uah1jj"
OLDER = "glpat-bzoxCnU6MXphYWFhYWFhYWFhYWFhYWFhEA.0y19uvwft"
PREFIXED = "acme-glpat-YWFhYWFhYWFhYWFhYWFhYWM6MQpvOjEKdToxehA.01.130l849hz"
RUNNER = "glrtr-W5m1cHR6skC98Bx7XkuYjmM6MQpnOjgKbzpyegp0OjIQ.01.181uebm4k"
VECTORS = (ROUTABLE, OLDER, PREFIXED, RUNNER)
OAUTH = "0123456789abcdef" * 4


# fmt: off
WHOLE = {
    "routable": ROUTABLE,
    "older routable": OLDER,
    "routable with prefix": PREFIXED,
    "routable of 27": "glpat-eHh4eHh4eHh4eHh4eHh4eHh4eHg.01.0r07pgx7z",
    "routable of 300": f"glpat-{'eHh4' * 75}.01.8c164cr1e",
    "routable of a custom prefix": "corp_bzoxCnU6MXphYWFhYWFhYWFhYWFhYWFhYQ.01.0y07ifhu6",
    "classic": GOOD,
    "no prefix": "3fZ1p5y4XWcCvMGVlfak",
    "no prefix with signs": "-_3fZ1p5y4XWcCvMGVl-",
    "custom prefix": "acme-glpat-3fZ1p5y4XWcCvMGVlfak",
    "another custom prefix": "corp_3fZ1p5y4XWcCvMGVlfak",
    "oauth": OAUTH,
    "a path to nothing": "acme/glpat-3fZ1p5y4XWcCvMGVlfak",
    "too long for a path": "/" + "a" * 5000,
}
REFUSED = {  # by what is said about them
    "its checksum is wrong": (
        "glpat-3fZ1p5y4XWcCvMGVlfakeW86MQp1Oml3Ymg0Cw.01.1203afake", f"glpat-{LONG}.01.1203afake",
        ROUTABLE.replace("YWFh", "YWFi", 1), ROUTABLE.replace("glpat", "glpbt"),
        *(f"{token[:at]}{'1' if token[at] != '1' else '2'}{token[at + 1 :]}"
          for token in VECTORS for at in (14, len(token) - 7, len(token) - 1)),
    ),
    "its end is missing": (
        f"glpat-{LONG}.01",
        *(token[:end] for token in VECTORS for end in range(token.index("."), len(token))),
    ),
    "too short": ("glpat-", "aB3dEfG"),
    "blanks or line breaks": (
        *(f"glpat-{TAIL[:9]}{blank}{TAIL[9:]}" for blank in " \t\n\r"), f" {GOOD}", f"{GOOD} ",
        f"{GOOD}\n{GOOD}", f"{GOOD}\u00a0", f"{GOOD}\u0085", f"Bearer glpat-{TAIL}",
        f"PRIVATE-TOKEN: glpat-{TAIL}",
    ),
    "characters in it that no token has": (
        *(f"glpat-{TAIL[:9]}{sign}{TAIL[9:]}" for sign in "\u200b\x01"), f"\u200b{TAIL}",
        f"é{TAIL}", f"\udcff{TAIL}", f"{GOOD}\u200b", f"{GOOD}\x07", f"{GOOD}\x7f",
        f"\x1b[31m{GOOD}", f"\ufeff{GOOD}", f"\u201c{GOOD}\u201d",
    ),
    "quotes": (f'"glpat-{TAIL}"', f"'glpat-{TAIL}'"),
    "name of a variable": (
        f"${TAIL}", f"${{{TAIL}}}", "glpat-${SECRET}", "$GITLAB_TOKEN", f"%{TAIL}%",
        f"${{{{ secrets.{TAIL} }}}}", f"${{{{secrets.{TAIL}}}}}",
    ),
    "the mask that a log shows": ("***", "********", "glpat-****************", "[MASKED]"),
    "path of a file": (__file__,),
    "an address": (f"https://oauth2:{TAIL}@gitlab.com",),
    "GitHub": (f"ghp_{TAIL}1234567890", f"github_pat_{TAIL}_{TAIL}", f"gho_{TAIL}", f"ghs_{TAIL}"),
    "an AWS key": (f"AKIA{TAIL.upper()[:16]}",),
    "a Slack token": (f"xoxb-{TAIL}",),
    "an npm token": (f"npm_{TAIL}",),
    "a PyPI token": (f"pypi-{TAIL}{TAIL}",),
    "another service": (f"sk-{TAIL}{TAIL}",),
}
# fmt: on
MALFORMED = [(value, why) for why, values in REFUSED.items() for value in values]
UNCHECKABLE = [
    f"{head}{TAIL}"
    for head in ("glrt-", "gldt-", "glptt-", "glft-", "GR1348941", f"glagent-{TAIL}")
]
