"""Check disks, TLS certificates and URLs; the exit code is 1 when a check fails.

Files written: report.md and checks.json.
"""

import concurrent.futures
import datetime as dt
import json
import os
import shutil
import socket
import ssl
import sys
import time
import urllib.error
import urllib.request
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

TIMEOUT_S = 10
AT_ONCE = 8
LARGEST_ANSWER = 1024 * 1024


def progress(percent, message):
    print(f"::progress {percent} {message}")


def result(kind, target, *, ok, detail, **figures):
    return {"kind": kind, "target": target, "ok": ok, "detail": detail, **figures}


def check_disk(path, most):
    try:
        usage = shutil.disk_usage(path)
    except OSError as problem:
        return result("disk", path, ok=False, detail=problem.strerror)
    used = 100 * (usage.total - usage.free) / usage.total
    detail = f"{used:.0f} % used, {usage.free / 1e9:,.1f} GB free"
    return result("disk", path, ok=used <= most, detail=detail, used_percent=round(used, 1))


def check_certificate(target, days, trust):
    host, _, port = target.rpartition(":") if ":" in target else (target, "", "443")
    try:
        with (
            socket.create_connection((host, int(port)), timeout=TIMEOUT_S) as raw,
            trust.wrap_socket(raw, server_hostname=host) as secured,
        ):
            certificate = secured.getpeercert()
    except ssl.SSLCertVerificationError as problem:  # expired, wrong name, unknown authority
        return result("tls", target, ok=False, detail=problem.verify_message)
    except (OSError, ValueError) as problem:
        return result("tls", target, ok=False, detail=str(problem))
    left = int((ssl.cert_time_to_seconds(certificate["notAfter"]) - time.time()) // 86400)
    return result("tls", target, ok=left >= days, detail=f"good for {left} days", days_left=left)


def check_url(url, text, trust):
    # A query may hold a key: it is sent, but not shown.
    parts = urlsplit(url)
    target = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    if parts.scheme not in {"http", "https"}:
        return result("url", target, ok=False, detail="only http:// and https:// are checked")
    request = urllib.request.Request(url, headers={"User-Agent": "runyard-example/1"})
    started = time.perf_counter()
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S, context=trust) as answer:
            body = answer.read(LARGEST_ANSWER)
            status = answer.status
    except urllib.error.HTTPError as problem:
        return result("url", target, ok=False, detail=f"{problem.code} {problem.reason}", status=problem.code)
    except OSError as problem:
        return result("url", target, ok=False, detail=str(getattr(problem, "reason", problem)))
    took = round((time.perf_counter() - started) * 1000)
    if text and text.encode() not in body:
        return result(
            "url", target, ok=False, detail=f"answers {status}, but without the text", status=status, took_ms=took
        )
    return result("url", target, ok=True, detail=f"{status} in {took} ms", status=status, took_ms=took)


def trusted(ca_file):
    """Return whom to trust: the system's authorities, and the uploaded one."""
    context = ssl.create_default_context()
    if ca_file:
        try:
            context.load_verify_locations(ca_file)
        except OSError as problem:  # ssl.SSLError is one
            sys.exit(f"Cannot use CA_FILE {ca_file!r}: {problem}")
    return context


def main():
    env = os.environ
    trust = trusted(env.get("CA_FILE", "").strip())
    text = env.get("MUST_CONTAIN", "")
    most, days = float(env.get("MAX_USED") or 95), float(env.get("MIN_DAYS") or 14)
    checks = [partial(check_disk, path, most) for path in env.get("DISKS", ".").split()]
    checks += [partial(check_certificate, host, days, trust) for host in env.get("HOSTS", "").split()]
    checks += [partial(check_url, url, text, trust) for url in env.get("URLS", "").split()]
    if not checks:
        sys.exit("There is nothing to check: name a disk, a host or a URL.")

    results = []
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        # `map` keeps the order in which things were asked for.
        for done, outcome in enumerate(pool.map(lambda check: check(), checks), 1):
            results.append(outcome)
            verdict = "ok  " if outcome["ok"] else "FAIL"
            print(f"{verdict} {outcome['kind']:<4} {outcome['target']}: {outcome['detail']}")
            progress(100 * done // len(checks), f"{done} of {len(checks)}")

    failed = [outcome for outcome in results if not outcome["ok"]]
    lines = [f"# Checks of {dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M} UTC", ""]
    lines += ["| | Check | Target | Result |", "|---|---|---|---|"]
    lines += [f"| {'ok' if r['ok'] else '**fail**'} | {r['kind']} | {r['target']} | {r['detail']} |" for r in results]
    Path("report.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    outputs = {"ok": not failed, "checks": len(results), "failed": len(failed), "results": results}
    Path("checks.json").write_text(json.dumps(outputs, indent=2), encoding="utf-8")
    if "RUNYARD_OUTPUTS" in os.environ:
        Path(os.environ["RUNYARD_OUTPUTS"]).write_text(json.dumps(outputs), encoding="utf-8")
    if failed:
        sys.exit(f"{len(failed)} of {len(results)} checks failed.")
    print("All is well.")


main()
