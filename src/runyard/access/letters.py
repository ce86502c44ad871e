"""What letters about accounts say, in the reader's language. Pure."""
# ruff: noqa: RUF001 - Chinese has its own punctuation

from datetime import datetime

from runyard.mail.letters import Letter

_FOOT = {
    "en": "\n\nRunyard at {place}\n",
    "zh-CN": "\n\n{place} 上的 Runyard\n",
}
_TEXTS: dict[str, dict[str, tuple[str, str]]] = {
    "reset": {
        "en": (
            "A new password for Runyard",
            (
                "Somebody, most likely you, asked for a new password for the user {name}. Choose it here:\n\n{link}\n\n"
                "The link works once, until {until}. If it was not you, do nothing: your password stays as it is."
            ),
        ),
        "zh-CN": (
            "重置 Runyard 密码",
            (
                "有人（多半是你）要为用户 {name} 设置新密码。请在这里设置：\n\n{link}\n\n"
                "链接只能用一次，{until} 前有效。如果不是你本人的操作，请忽略这封邮件，密码不会改变。"
            ),
        ),
    },
    "changed": {
        "en": (
            "Your Runyard password was changed",
            (
                "The password of the user {name} was changed by a link sent to this address, and all sessions have "
                "ended. If it was not you, ask an administrator to disable the account."
            ),
        ),
        "zh-CN": (
            "Runyard 密码已修改",
            (
                "用户 {name} 的密码刚刚通过发到这个邮箱的链接修改，所有登录都已结束。如果不是你本人的操作，"
                "请联系管理员停用这个账号。"
            ),
        ),
    },
    "address": {
        "en": (
            "Your mail address in Runyard",
            (
                "The user {name} wants letters sent to this address. If that is you, confirm it here:\n\n{link}\n\n"
                "The link works once, until {until}. If it was not you, do nothing."
            ),
        ),
        "zh-CN": (
            "确认 Runyard 邮箱",
            (
                "用户 {name} 要把邮件发到这个邮箱。如果是你本人，请在这里确认：\n\n{link}\n\n"
                "链接只能用一次，{until} 前有效。如果不是你本人的操作，请忽略这封邮件。"
            ),
        ),
    },
    "moved": {
        "en": (
            "Your mail address in Runyard was changed",
            (
                "Letters to the user {name} no longer go to this address. If it was not you who changed that, tell an "
                "administrator."
            ),
        ),
        "zh-CN": (
            "Runyard 邮箱已更换",
            "给用户 {name} 的邮件不再发到这个邮箱。如果不是你本人更换的，请联系管理员。",
        ),
    },
    "invitation": {
        "en": (
            "{inviter} invites you to Runyard",
            (
                "{inviter} invites you to {place}. Choose a user name and a password here:\n\n{link}\n\n"
                "The link works once, until {until}."
            ),
        ),
        "zh-CN": (
            "{inviter} 邀请你使用 Runyard",
            "{inviter} 邀请你使用 {place}。请在这里设置用户名和密码：\n\n{link}\n\n链接只能用一次，{until} 前有效。",
        ),
    },
}
KINDS = frozenset(_TEXTS)


def letter(kind: str, language: str | None, to: str, place: str, **words: str) -> Letter:
    """Return a letter of a kind; `place` is where Runyard is reached. An unknown language reads English."""
    chosen = language if language in _FOOT else "en"
    subject, text = _TEXTS[kind][chosen]
    said = {"place": place, **words}
    # A name may hold what no header may.
    return Letter(to, " ".join(subject.format(**said).split()), (text + _FOOT[chosen]).format(**said))


def spelt(instant: datetime) -> str:
    """Return an instant as letters name it."""
    return f"{instant:%Y-%m-%d %H:%M} UTC"
