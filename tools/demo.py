"""The demo: a GitLab on loopback with six tokens, and what glcheck says of them.

`make demo` runs it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))  # the GitLab of the tests
from kit.gitlab_server import GitLab, Project, Token, in_days

COMMAND = Path(sys.executable).with_name("glcheck")

POLICY = """\
version: 1
url: {url}
min-validity: 14d
tokens:
  - name: release
    token-env: RELEASE_TOKEN
    scopes: [read_api, write_repository]
    project: shop/backend
    role: maintainer
  - name: nightly
    token-env: NIGHTLY_TOKEN
    scopes: [read_api]
  - name: mirror
    token-env: MIRROR_TOKEN
  - name: packages
    token-env: PACKAGES_TOKEN
    scopes: [write_registry]
  - name: dashboard
    token-env: DASHBOARD_TOKEN
    forbid-scopes: [api, sudo]
  - name: deploy
    token-env: DEPLOY_TOKEN
    project: shop/backend
    role: maintainer
"""

# Who holds what: users 1 to 6, one for each token.
TOKENS = {
    "RELEASE_TOKEN": Token("glpat-demoreleaseAAAAAAAAAA", name="release", user_id=1),
    "NIGHTLY_TOKEN": Token(
        "glpat-demonightlyAAAAAAAAAA", name="nightly", user_id=2, expires_at=in_days(5)
    ),
    "MIRROR_TOKEN": Token(
        "glpat-demomirrorAAAAAAAAAAA", name="mirror", user_id=3, expires_at=in_days(-2)
    ),
    "PACKAGES_TOKEN": Token(
        "glpat-demopackagesAAAAAAAAA", name="packages", user_id=4, scopes=("read_registry",)
    ),
    "DASHBOARD_TOKEN": Token("glpat-demodashboardAAAAAAAA", name="dashboard", user_id=5),
    "DEPLOY_TOKEN": Token("glpat-demodeployAAAAAAAAAAA", name="deploy", user_id=6),
}


def main() -> int:
    """Start the demo GitLab.

    Check its tokens, and return 0 if the verdict is the one it should be.
    """
    with GitLab() as gitlab, tempfile.TemporaryDirectory() as directory:
        for token in TOKENS.values():
            gitlab.add(token)
        gitlab.add_project(Project("shop/backend", members={1: 40, 6: 20}))
        policy = POLICY.format(url=gitlab.url)
        Path(directory, ".glcheck.yml").write_text(policy, encoding="utf-8")
        environ = {"PATH": os.defpath, "HOME": directory}
        environ.update({variable: token.value for variable, token in TOKENS.items()})
        if "NO_COLOR" in os.environ:
            environ["NO_COLOR"] = os.environ["NO_COLOR"]
        print(
            f"A demo GitLab listens on {gitlab.url}. The policy in .glcheck.yml:",
            f"\n{policy}\n$ glcheck",
            sep="\n",
            flush=True,
        )
        code = subprocess.run([COMMAND], env=environ, cwd=directory, check=False).returncode
    print(
        f"\nThe exit code is {code}: of all problems, an expired token (token-expired) comes first."
    )
    return 0 if code == 13 else 1


if __name__ == "__main__":
    raise SystemExit(main())
