"""Envelopes: a secret is sealed with its project's data key, which is kept wrapped by the master key."""

import asyncio
import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, ids
from runyard.secrets.models import DataKey
from runyard.secrets.sealing import SealBroken, locked, unlocked
from runyard.secrets.wrapping import KeyWrapper

VERSION = "rs2"
INSTALLATION = ""
"""The scope of secrets that belong to no project."""
_BYTES = 32


class DataKeys:
    """Seals and opens with data keys: ``rs2.<data key's id>.<base64url of nonce, ciphertext and tag>``.

    Keys are unwrapped once and stay in memory; a scope's first key is made when it is first needed.
    """

    def __init__(self, wrapper: KeyWrapper) -> None:
        self.wrapper = wrapper
        self._ciphers: dict[str, AESGCM] = {}

    async def seal(self, session: AsyncSession, scope: str, value: bytes, context: str) -> tuple[str, str]:
        """Return the id of the scope's present key, and `value` sealed with it for `context`."""
        key = await self._present(session, scope) or await self.add(session, scope)
        cipher = await self._cipher(key)
        return key.id, f"{VERSION}.{key.id}.{locked(cipher, value, _bound(key.id, context))}"

    async def open(self, session: AsyncSession, sealed: str, context: str) -> bytes:
        """Return what was sealed for `context`; raise `SealBroken`."""
        version, _, rest = sealed.partition(".")
        key_id, _, text = rest.partition(".")
        if version != VERSION:
            raise SealBroken("This sealed value is of a kind that this version does not know.")
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            key = await session.get(DataKey, key_id) if "\0" not in key_id else None
            if key is None:
                raise SealBroken("This value was sealed with a data key that is not there.")
            cipher = await self._cipher(key)
        return unlocked(cipher, text, _bound(key_id, context))

    async def add(self, session: AsyncSession, scope: str) -> DataKey:
        """Make a new data key for a scope, which seals from now on; those before it are retired."""
        raw, key_id = os.urandom(_BYTES), ids.new("key")
        wrapped = await asyncio.to_thread(self.wrapper.wrap, raw, context_of(key_id, scope))
        newest = await session.scalar(select(func.max(DataKey.version)).where(DataKey.scope == scope))
        now = clock.now()
        key = DataKey(
            id=key_id,
            scope=scope,
            version=(newest or 0) + 1,
            wrapped=wrapped,
            wrapped_by=self.wrapper.name,
            created_at=now,
        )
        try:
            async with session.begin_nested():
                session.add(key)
                await session.flush()
        except IntegrityError:
            # Somebody else made the scope's next key in the same moment.
            other = await self._present(session, scope)
            if other is None:
                raise
            return other
        for old in await session.scalars(
            select(DataKey).where(DataKey.scope == scope, DataKey.version < key.version, DataKey.retired_at.is_(None))
        ):
            old.retired_at = now
        await session.flush()
        self._ciphers[key_id] = AESGCM(raw)
        return key

    async def rewrap(self, key: DataKey) -> bool:
        """Wrap a data key by what wraps now; whether there was something to do."""
        if not self.wrapper.outdated(key.wrapped):
            return False
        context = context_of(key.id, key.scope)
        raw = await asyncio.to_thread(self.wrapper.unwrap, key.wrapped, context)
        key.wrapped = await asyncio.to_thread(self.wrapper.wrap, raw, context)
        key.wrapped_by = self.wrapper.name
        return True

    async def _present(self, session: AsyncSession, scope: str) -> DataKey | None:
        query = select(DataKey).where(DataKey.scope == scope, DataKey.retired_at.is_(None))
        return (await session.scalars(query.order_by(DataKey.version.desc()).limit(1))).first()

    async def _cipher(self, key: DataKey) -> AESGCM:
        if key.id not in self._ciphers:
            raw = await asyncio.to_thread(self.wrapper.unwrap, key.wrapped, context_of(key.id, key.scope))
            self._ciphers[key.id] = AESGCM(raw)
        return self._ciphers[key.id]


def context_of(key_id: str, scope: str) -> str:
    """Return what a wrapped data key is bound to."""
    return f"data key:{key_id}:{scope}"


def _bound(key_id: str, context: str) -> bytes:
    return f"{VERSION}\0{key_id}\0{context}".encode()
