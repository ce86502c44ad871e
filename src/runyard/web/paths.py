"""Parts of paths that routes take: names of files as they are, line breaks in them too."""

from starlette.convertors import PathConvertor, register_url_convertor


class FilePath(PathConvertor):
    """Takes the whole rest of a path; Starlette's own ends at the first line break."""

    regex = r"[\s\S]*"


register_url_convertor("file", FilePath())
FILE_PATH = "{path:file}"
"""The part of a route's path that `FilePath` takes."""
