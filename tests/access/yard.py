import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.cookies import SimpleCookie
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, ids
from runyard.access import repository
from runyard.access.models import User
from runyard.access.passwords import Cost, Passwords
from runyard.access.service import AccessService
from runyard.db.session import Database
from runyard.projects.service import ProjectService
from runyard.secrets.keys import MasterKey
from runyard.settings import Settings

CHEAP = Cost(passes=1, memory_kib=64)
PASSWORD = "correct horse"


class WatchedDatabase(Database):
    """Knows which tasks hold a write transaction."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.writers: set[object] = set()

    @contextlib.asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        task = asyncio.current_task()
        async with super().write() as session:
            self.writers.add(task)
            try:
                yield session
            finally:
                self.writers.discard(task)


class CountingPasswords(Passwords):
    """Counts how often Argon2 is computed, and sees to it that no transaction is held meanwhile."""

    def __init__(self, cost: Cost, database: WatchedDatabase) -> None:
        super().__init__(cost)
        self.checks = 0
        self.hashes = 0
        self.most_at_once = 0
        self._at_present = 0
        self._database = database

    async def check(self, password: str, stored: str | None) -> tuple[bool, str | None]:
        self.checks += 1
        with self._computing():
            return await super().check(password, stored)

    async def hash(self, password: str) -> str:
        self.hashes += 1
        with self._computing():
            return await super().hash(password)

    @contextlib.contextmanager
    def _computing(self) -> Iterator[None]:
        assert asyncio.current_task() not in self._database.writers
        self._at_present += 1
        self.most_at_once = max(self.most_at_once, self._at_present)
        yield
        self._at_present -= 1


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.at = datetime.now(tz=clock.EPOCH.tzinfo)
        self._started = self.at

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - self._started).total_seconds()

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class Yard:
    """The rooms access and projects, served over HTTP on an SQLite database."""

    app: FastAPI
    settings: Settings
    database: WatchedDatabase
    access: AccessService
    passwords: CountingPasswords
    projects: ProjectService
    clock: Clock
    key: MasterKey

    def client(self, base_url: str = "http://yard.test", address: str = "10.0.0.1") -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, client=(address, 1234))
        return httpx.AsyncClient(transport=transport, base_url=base_url)

    async def add_user(self, username: str, **facts: Any) -> User:
        hashed = await Passwords(CHEAP).hash(facts.pop("password", PASSWORD))
        facts = {"password_hash": hashed, "created_at": self.clock.now()} | facts
        user = User(id=ids.new("usr"), username=username, username_key=repository.folded(username), **facts)
        async with self.database.write() as session:
            session.add(user)
        return user

    async def change(self, model: type[Any], id_: str, **facts: Any) -> None:
        async with self.database.write() as session:
            row = await session.get(model, id_)
            for name, value in facts.items():
                setattr(row, name, value)

    async def row(self, model: type[Any], id_: str) -> Any:
        async with self.database.read() as session:
            return await session.get(model, id_)


async def sign_in(client: httpx.AsyncClient, username: str = "Ada", password: str = PASSWORD) -> httpx.Response:
    return await client.post("/api/v1/auth/login", json={"username": username, "password": password})


async def signed_in(client: httpx.AsyncClient, username: str = "Ada", password: str = PASSWORD) -> dict[str, str]:
    """Sign in and return the headers of requests to come."""
    answer = await sign_in(client, username, password)
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def set_cookies(answer: httpx.Response) -> SimpleCookie:
    jar = SimpleCookie()
    for header in answer.headers.get_list("set-cookie"):
        jar.load(header)
    return jar
