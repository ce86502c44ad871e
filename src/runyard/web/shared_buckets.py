"""Token buckets that several processes share, in Redis."""

import hashlib
from typing import Any, cast

from runyard import clock, log
from runyard.errors import Unavailable
from runyard.web.buckets import Taken
from runyard.web.throttle import OwnBuckets, Policy

logger = log.get("web")

PATIENCE_S = 1.0
CONNECTIONS = 16
AGAIN_S = 5.0
"""For how long Redis is not asked after it did not answer."""

# One step for Redis: nobody comes between reading a bucket and writing it. Its own clock counts, the same for all.
_TAKE = """
local at = redis.call('TIME')
local now = tonumber(at[1]) + tonumber(at[2]) / 1000000
local burst, speed = tonumber(ARGV[1]), tonumber(ARGV[2])
local held = redis.call('HMGET', KEYS[1], 'level', 'at')
local level, since = tonumber(held[1]) or burst, tonumber(held[2]) or now
level = math.min(burst, level + math.max(0, now - since) * speed)
local allowed = 0
if level >= 1 then
  allowed = 1
  level = level - 1
end
redis.call('HSET', KEYS[1], 'level', string.format('%.9f', level), 'at', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil(burst / speed * 1000) + 1000)
return {allowed, string.format('%.9f', level)}
"""


class RedisMissing(Unavailable):
    """redis_url is set, but Runyard was installed without its part for Redis: install runyard[redis]."""


class SharedBuckets:
    """Buckets in Redis; while it does not answer, this process's own: nobody is shut out, and nobody unlimited."""

    def __init__(self, url: str, patience_s: float = PATIENCE_S) -> None:
        """Take the address of a Redis; nothing is asked of it yet. Raises: RedisMissing."""
        try:
            from redis.asyncio import BlockingConnectionPool, Redis
        except ImportError as error:
            raise RedisMissing from error
        # What the client itself promises of its types is of no use here.
        pool = cast("Any", BlockingConnectionPool).from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=patience_s,
            socket_timeout=patience_s,
            socket_connect_timeout=patience_s,
            decode_responses=True,
        )
        self._redis: Any = cast("Any", Redis).from_pool(pool)
        self._take: Any = self._redis.register_script(_TAKE)
        self._own = OwnBuckets()
        self._asked_again_at = 0.0
        self._away = False

    async def take(self, policy: Policy, name: str) -> Taken:
        """Take a token from the bucket of that name."""
        from redis.exceptions import RedisError

        if clock.monotonic() >= self._asked_again_at:
            rate = policy.rate
            key = f"runyard:rate:{policy.name}:{hashlib.sha256(name.encode()).hexdigest()[:32]}"
            try:
                allowed, level = await self._take(keys=[key], args=[rate.burst, repr(rate.tokens_per_s)])
            except (RedisError, OSError, TimeoutError) as error:
                if not self._away:
                    logger.warning("rates.redis_unreachable", error=type(error).__name__)
                self._away = True
                self._asked_again_at = clock.monotonic() + AGAIN_S
            else:
                if self._away:
                    logger.info("rates.redis_back")
                self._away = False
                left = float(level)
                speed = rate.tokens_per_s
                return Taken(bool(allowed), int(left), (rate.burst - left) / speed, max(0.0, 1 - left) / speed)
        return await self._own.take(policy, name)

    async def close(self) -> None:
        """Let the connections go."""
        await self._redis.aclose()
