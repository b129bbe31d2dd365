"""``smartcart admin``: manages a server from its own machine: accounts, API tokens, and the ledger."""

import argparse
import getpass
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from smartcart.scripts.admin_ledger import add_ledger_jobs

if TYPE_CHECKING:
    from smartcart.server.access.access import Access
    from smartcart.server.access.audit import Actor

HELP = "manage a server: accounts, API tokens, backups, export"


def add_parser(commands: "argparse._SubParsersAction[Any]") -> None:
    parser = commands.add_parser(
        "admin",
        help=HELP,
        description=f"{HELP.capitalize()}; works whether or not the server is running. A password is prompted for, "
        "or read as one line from a pipe.",
        epilog="Example:  smartcart admin user create anna --role admin\n"
        "          smartcart admin token create 'till 3' --scope read --days 365\n"
        "          smartcart admin backup --ledger sqlite:///smartcart.sqlite monday.backup",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    doing = parser.add_subparsers(title="the task", dest="doing", required=True, metavar="WHAT")
    user = doing.add_parser("user", help="create, list and disable accounts")
    users = user.add_subparsers(title="the task", dest="with_user", required=True, metavar="WHAT")
    create = _add(users, "create", _create, "create an account")
    create.add_argument("name", metavar="NAME")
    create.add_argument("--role", choices=("staff", "admin"), default="staff", help="default: %(default)s")
    create.add_argument("--generate", action="store_true", help="generate a password and print it")
    _add(users, "list", _list, "list the accounts")
    for word, run, text in (
        ("disable", _disable, "disable an account and end its logins"),
        ("enable", _enable, "enable it again"),
    ):
        _add(users, word, run, text).add_argument("name", metavar="NAME")
    password = _add(users, "password", _password, "change an account's password and end its logins")
    password.add_argument("name", metavar="NAME")
    password.add_argument("--generate", action="store_true", help="generate one and print it")
    token = doing.add_parser("token", help="create, list and revoke API tokens")
    tokens = token.add_subparsers(title="the task", dest="with_token", required=True, metavar="WHAT")
    new = _add(tokens, "create", _token_create, "create a token and print it, this once")
    new.add_argument("name", metavar="FOR", help="its purpose")
    new.add_argument("--scope", choices=("read", "write"), default="read", help="default: %(default)s")
    new.add_argument("--days", type=int, metavar="N", help="its lifetime (default: until it is revoked)")
    _add(tokens, "list", _token_list, "list the tokens")
    _add(tokens, "revoke", _token_revoke, "revoke a token").add_argument("id", metavar="ID")
    add_ledger_jobs(doing)


def _add(
    commands: "argparse._SubParsersAction[Any]",
    word: str,
    run: "Callable[[argparse.Namespace, Access], None]",
    text: str,
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(word, help=text, description=text.capitalize() + ".")
    parser.add_argument("--ledger", default="sqlite:///smartcart.sqlite", metavar="URL", help="default: %(default)s")
    parser.set_defaults(run=lambda args: _run(args, run))
    return parser


def _run(args: argparse.Namespace, what: "Callable[[argparse.Namespace, Access], None]") -> int:
    from smartcart.scripts.main import CommandError

    if args.ledger == "memory:":
        raise CommandError("memory: forgets everything at once: give --ledger the server's own")
    with _doors(args.ledger) as doors:
        what(args, doors)
    return 0


@contextmanager
def _doors(ledger_url: str) -> "Iterator[Access]":
    from smartcart.server.access.access import Access
    from smartcart.server.database.database import open_database
    from smartcart.server.ledger.address import open_ledger

    open_ledger(ledger_url).close()  # which creates the file or schema that the tables are in
    office = open_database(ledger_url)
    try:
        yield Access(office)
    finally:
        office.close()


def _create(args: argparse.Namespace, doors: "Access") -> None:
    from smartcart.server.access.accounts import Role

    password = _new_password(args)
    account = doors.accounts.create(args.name, Role(args.role), password, _me())
    print(f"{account.name} may sign in, as {account.role}")


def _list(_args: argparse.Namespace, doors: "Access") -> None:
    for account in doors.accounts.everybody():
        last = f"last login {account.last_login_at:%Y-%m-%d}" if account.last_login_at else "never signed in"
        state = f"disabled {account.disabled_at:%Y-%m-%d}" if account.disabled_at else last
        print(f"{account.name:<24} {account.role:<6} {state}")


def _disable(args: argparse.Namespace, doors: "Access") -> None:
    doors.accounts.disable(args.name, _me())
    print(f"{args.name} is disabled")
    made = [token for token in doors.tokens.everything() if token.created_by == args.name and not token.revoked_at]
    for token in made:
        print(f"token {token.id} ({token.name}) was created by {args.name} and still works", file=sys.stderr)


def _enable(args: argparse.Namespace, doors: "Access") -> None:
    doors.accounts.enable(args.name, _me())
    print(f"{args.name} may sign in")


def _password(args: argparse.Namespace, doors: "Access") -> None:
    doors.accounts.find(args.name)
    doors.accounts.set_password(args.name, _new_password(args), _me())
    print(f"{args.name} has a new password; all its logins have ended")


def _token_create(args: argparse.Namespace, doors: "Access") -> None:
    from smartcart.server.access.tokens import Scope

    token, secret = doors.tokens.create(args.name, Scope(args.scope), args.days, _me())
    print(f"token {token.id} may {token.scope}; it is shown this once:", file=sys.stderr)
    print(secret)


def _token_list(_args: argparse.Namespace, doors: "Access") -> None:
    for token in doors.tokens.everything():
        until = f"until {token.expires_at:%Y-%m-%d}" if token.expires_at else "no expiry"
        state = f"revoked {token.revoked_at:%Y-%m-%d}" if token.revoked_at else until
        used = f"used {token.used_at:%Y-%m-%d}" if token.used_at else "never used"
        print(f"{token.id:<12} {token.scope:<6} {state:<20} {used:<16} {token.name}")


def _token_revoke(args: argparse.Namespace, doors: "Access") -> None:
    doors.tokens.revoke(args.id, _me())
    print(f"token {args.id} is revoked")


def _me() -> "Actor":
    from smartcart.server.access.audit import Actor

    return Actor(name=getpass.getuser(), via="command")


def _new_password(args: argparse.Namespace) -> str:
    from smartcart.scripts.main import CommandError

    if args.generate:
        password = secrets.token_urlsafe(15)
        print(f"password: {password}", file=sys.stderr)
        return password
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass("password (10 characters or more): ")
    if getpass.getpass("once more: ") != password:
        raise CommandError("the two differ: nothing was changed")
    return password
