"""The API's reference page; every asset comes with the package."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

router = APIRouter(include_in_schema=False)

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Runyard API</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/api-docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"><p>The document itself is at <a href="/api/v1/openapi.json">/api/v1/openapi.json</a>.</p></div>
<script src="/api-docs/swagger-ui-bundle.js"></script>
<script src="/api-docs/start.js"></script>
</body>
</html>
"""


@router.get("/api/docs")
async def docs() -> HTMLResponse:
    """Show the reference."""
    return HTMLResponse(_PAGE)
