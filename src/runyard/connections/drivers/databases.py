"""Databases and stores, by drivers that are extras: imported where they are used."""

import tempfile
from typing import Any

from runyard.connections.drivers.seen import Seen, trust


async def postgresql(settings: dict[str, Any], patience_s: float) -> Seen:
    """Sign in, and ask for the version."""
    import asyncpg

    connection = await asyncpg.connect(
        host=settings["host"],
        port=settings["port"],
        user=settings["username"],
        # Without one it would look for files and variables of ours.
        password=settings.get("password", ""),
        database=settings["database"] or settings["username"],
        ssl=trust(settings) or False,
        timeout=patience_s,
    )
    try:
        version = str(await connection.fetchval("SHOW server_version"))
        user = str(await connection.fetchval("SELECT current_user"))
    finally:
        connection.terminate()
    return Seen(f"PostgreSQL {version}", {"user": user})


def mysql(settings: dict[str, Any], patience_s: float) -> Seen:
    """Sign in, and ask for the version."""
    import pymysql

    context = trust(settings)
    connection = pymysql.connect(
        host=settings["host"],
        port=settings["port"],
        user=settings["username"],
        password=settings.get("password", ""),
        database=settings["database"] or None,
        ssl=context,
        ssl_disabled=context is None,
        connect_timeout=max(1, int(patience_s)),
        read_timeout=max(1, int(patience_s)),
        write_timeout=max(1, int(patience_s)),
        local_infile=False,
    )
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT VERSION(), CURRENT_USER()")
        version, user = cursor.fetchone() or ("", "")
    name = "MariaDB" if "mariadb" in str(version).lower() else "MySQL"
    return Seen(f"{name} {version}", {"user": str(user)})


def redis(settings: dict[str, Any], patience_s: float) -> Seen:
    """Sign in, ping, and ask for the version where that is allowed."""
    import redis as driver

    context = trust(settings)
    tls: dict[str, Any] = {}
    if context is not None:
        verified = settings["tls"] == "verified"
        tls = {
            "ssl": True,
            "ssl_cert_reqs": "required" if verified else "none",
            "ssl_check_hostname": verified,
            "ssl_ca_data": settings["ca"] or None,
        }
    client = driver.Redis(
        host=settings["host"],
        port=settings["port"],
        db=settings["database"],
        username=settings["username"] or None,
        password=settings.get("password"),
        # What every server understands, and answers plainly.
        protocol=2,
        socket_connect_timeout=patience_s,
        socket_timeout=patience_s,
        **tls,
    )
    with client:
        client.ping()
        try:
            said: dict[str, Any] = client.info("server")
        except driver.ResponseError:
            # It may ping and no more.
            said = {}
    if "valkey_version" in said:
        return Seen(f"Valkey {said['valkey_version']}")
    return Seen(f"Redis {said.get('redis_version', '')}".strip())


def mongodb(settings: dict[str, Any], patience_s: float) -> Seen:
    """Sign in at this one server, whatever set it belongs to, and ask for the version."""
    from pymongo import MongoClient

    patience_ms = int(patience_s * 1000)
    options: dict[str, Any] = {"tls": settings["tls"] != "off"}
    if settings["username"]:
        options |= {"username": settings["username"], "password": settings.get("password", "")}
        options["authSource"] = settings["auth_source"] or "admin"
    if settings["tls"] == "unverified":
        options["tlsAllowInvalidCertificates"] = True
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        if options["tls"] and settings["ca"]:
            file.write(settings["ca"])
            file.flush()
            options["tlsCAFile"] = file.name
        client: MongoClient[dict[str, Any]] = MongoClient(
            f"[{settings['host']}]" if ":" in settings["host"] else settings["host"],
            settings["port"],
            directConnection=True,
            serverSelectionTimeoutMS=patience_ms,
            connectTimeoutMS=patience_ms,
            socketTimeoutMS=patience_ms,
            **options,
        )
        with client:
            told = client[settings["database"] or "admin"].command("buildInfo")
    return Seen(f"MongoDB {told.get('version', '')}".strip())
