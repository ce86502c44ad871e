# ruff: noqa: A005 - it mirrors the room of that name, and nobody imports it by itself
