"""Reading a submit: plain JSON, or multipart with a ``payload`` part (that JSON) and ``files``."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import IO, Any, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile

from runyard.errors import FieldError
from runyard.runs.errors import BadSubmit

M = TypeVar("M", bound=BaseModel)
MOST_FIELDS = 10


class Intake:
    """A submit's body and its files; the files live as long as the block of `received`."""

    def __init__(self, raw: bytes | str, uploads: list[tuple[str, IO[bytes]]]) -> None:
        self._raw = raw
        self.uploads = uploads

    def read(self, shape: type[M]) -> M:
        """Return the JSON body in its shape; raise the 422 that lists each wrong field."""
        try:
            # Its own parser bounds nesting and takes no halves of surrogate pairs.
            return shape.model_validate_json(self._raw.strip() or b"{}")
        except ValidationError as error:
            listed = error.errors(include_url=False, include_context=False, include_input=False)
            if listed[0]["type"] == "json_invalid":
                broken = FieldError("body", listed[0]["msg"], "json_invalid")
                raise BadSubmit("The body is not JSON.", fields=[broken]) from error
            raise RequestValidationError([{**item, "loc": ("body", *item["loc"])} for item in listed]) from error


@asynccontextmanager
async def received(request: Request, most_files: int) -> AsyncIterator[Intake]:
    """Take a request's body in. Files wait in temporary files within the data directory, bounded by the body limit."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        yield Intake(await request.body(), [])
        return
    async with request.form(max_files=most_files, max_fields=MOST_FIELDS, max_part_size=4 * 1024 * 1024) as form:
        payload: Any = form.get("payload", "{}")
        if isinstance(payload, UploadFile):
            payload = await payload.read()
        unknown = sorted(set(form.keys()) - {"payload", "files"})
        if unknown:
            raise BadSubmit(
                f"The form has no field {unknown[0]!r}.",
                fields=[
                    FieldError(name, "There is no such field; use payload and files.", "unknown") for name in unknown
                ],
            )
        uploads = [part for part in form.getlist("files") if isinstance(part, UploadFile)]
        if len(uploads) != len(form.getlist("files")):
            raise BadSubmit("A part named files is not a file.", fields=[FieldError("files", "Not a file.", "file")])
        yield Intake(payload, [(part.filename or "", part.file) for part in uploads])
