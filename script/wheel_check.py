"""Build the wheel, install it by itself, start it, and see that it carries the page and the examples."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
LANGUAGE_SERVER = "runyard/web/static/tools/typescript/node_modules/"
"""What the editor runs for JavaScript, found by Node.js as it finds everything."""


def main() -> int:
    """Do it all in a temporary directory."""
    with tempfile.TemporaryDirectory(prefix="runyard-wheel-") as folder:
        there = Path(folder)
        uv = shutil.which("uv", path=f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}")
        assert uv, "uv is a dependency"
        subprocess.run([uv, "build", "--quiet", "--wheel", "--out-dir", there, ROOT], check=True)
        wheel = next(there.glob("*.whl"))
        names = zipfile.ZipFile(wheel).namelist()
        for wanted in ("runyard/web/static/index.html", "runyard/scripts/examples/json-diff/script.toml"):
            assert wanted in names, f"{wanted} is not in the wheel"
        packed = [name for name in names if "node_modules" in name and not name.startswith(LANGUAGE_SERVER)]
        assert not packed, f"{packed[:3]} are in the wheel"
        assert f"{LANGUAGE_SERVER}typescript-language-server/lib/cli.mjs" in names, "JavaScript has no language server"
        assert not [name for name in names if name.endswith((".db", ".key"))]
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, there / "venv"], check=True)
        python = there / "venv" / "bin" / "python"
        lock = ROOT / "requirements" / "run.lock"
        install: list[str | Path] = [uv, "pip", "install", "--quiet", "--python", python]
        subprocess.run([*install, "--requirement", lock], check=True)
        subprocess.run([*install, "--no-deps", wheel], check=True)
        started(there / "venv" / "bin" / "runyard", there / "data")
    return 0


def started(runyard: Path, data: Path) -> None:
    """Start the installed program and ask it for its page."""
    env = {**os.environ, "RUNYARD_ADMIN_PASSWORD": "only-for-this-check", "RUNYARD_DATA": str(data)}
    process = subprocess.Popen(
        [runyard, "up", "--port", "0"], env=env, stdout=subprocess.PIPE, text=True, cwd=data.parent
    )
    try:
        assert process.stdout
        for line in process.stdout:
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                break
        else:
            raise AssertionError("it did not start")
        base = found[0]
        with urllib.request.urlopen(base + "/", timeout=20) as answer:
            assert b'id="app"' in answer.read()
        body = json.dumps({"username": "admin", "password": "only-for-this-check"}).encode()
        login = urllib.request.Request(base + "/api/v1/auth/login", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(login, timeout=20) as answer:
            token = json.load(answer)["access_token"]
        listing = urllib.request.Request(
            base + "/api/v1/scripts?limit=100", headers={"Authorization": f"Bearer {token}"}
        )
        with urllib.request.urlopen(listing, timeout=20) as answer:
            assert len(json.load(answer)["items"]) >= 10, "the examples are not seeded"
    finally:
        process.terminate()
        process.wait(30)


if __name__ == "__main__":
    sys.exit(main())
