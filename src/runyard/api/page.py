"""The built page: hashed files for ever, everything else the one HTML document."""

import os
import secrets
import stat
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, Response
from starlette.exceptions import HTTPException

from runyard.web.security import content_policy

STATIC = Path(__file__).parent.parent / "web" / "static"
_MISSING = (
    "<!doctype html><html lang=en><title>Runyard</title><p>This installation carries no built page. "
    "Build it with <code>npm ci &amp;&amp; npm run build</code> in <code>frontend/</code>, or install a wheel. "
    "The API is at <a href=/api/docs>/api/docs</a>."
)
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
_TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".html": "text/html",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".txt": "text/plain",
}

router = APIRouter(include_in_schema=False)


@router.api_route("/{path:path}", methods=["GET", "HEAD"])
async def page(path: str, request: Request) -> Response:
    """Serve a file of the page, or the page itself for every address that it routes on its own."""
    if path == "api" or path.startswith("api/"):
        raise HTTPException(404, "There is nothing here.")
    found = _find(path)
    if found is not None and found.name != "index.html":
        hashed = path.startswith("assets/")
        cache = "public, max-age=31536000, immutable" if hashed else "no-cache"
        return _file(found, request, cache)
    if "." in path.rsplit("/", 1)[-1]:
        raise HTTPException(404, "There is no such file.")
    index = STATIC / "index.html"
    if not index.is_file():
        return HTMLResponse(_MISSING, 503)
    return _document(index)


def _document(index: Path) -> Response:
    """Serve the page with a nonce of its own: the editor adds its style sheet at run time and names it."""
    nonce = secrets.token_urlsafe(16)
    meta = f'<head><meta property="csp-nonce" nonce="{nonce}">'
    headers = {
        "Cache-Control": "no-cache",
        "Content-Security-Policy": content_policy(styles=f"'self' 'nonce-{nonce}'"),
    }
    return HTMLResponse(index.read_text(encoding="utf-8").replace("<head>", meta, 1), headers=headers)


def _find(path: str) -> Path | None:
    if not path or "\0" in path:
        return None
    # Only the page's own files: resolved, and still beneath the folder.
    found = (STATIC / path).resolve()
    if not found.is_relative_to(STATIC.resolve()):
        return None
    try:
        return found if stat.S_ISREG(os.stat(found).st_mode) else None  # noqa: PTH116 - a regular file, nothing else
    except OSError:
        return None


def _takes(accepted: str, encoding: str) -> bool:
    """Whether an ``Accept-Encoding`` names an encoding, and not to refuse it."""
    for part in accepted.lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() == encoding:
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def _file(path: Path, request: Request, cache: str) -> Response:
    headers = {"Cache-Control": cache, "Vary": "Accept-Encoding"}
    media = _TYPES.get(path.suffix, "application/octet-stream")
    accepted = request.headers.get("accept-encoding", "")
    for name, suffix in _ENCODINGS:
        packed = path.with_name(path.name + suffix)
        if _takes(accepted, name) and packed.is_file():
            return FileResponse(packed, media_type=media, headers={**headers, "Content-Encoding": name})
    return FileResponse(path, media_type=media, headers=headers)
