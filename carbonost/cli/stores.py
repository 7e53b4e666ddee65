"""``adapters verify`` and ``db upgrade``: what a store can do, and its schema brought up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from carbonost.cli import main as codes
from carbonost.cli.show import console, tell

if TYPE_CHECKING:
    import argparse


def add(commands: Any) -> None:
    """Add the commands of this module."""
    adapters = commands.add_parser("adapters", help="用一致性规则核验一个存储适配器")
    verify = adapters.add_subparsers(required=True, metavar="verify").add_parser("verify", help="核验并输出适配器卡片")
    verify.add_argument("url")
    verify.add_argument("--port", choices=("records", "meters", "objects"), help="只核验一种端口（默认按地址判断）")
    verify.add_argument("--disposable", action="store_true", help="该地址可随意写入和清空")
    verify.set_defaults(call=_verify)
    database = commands.add_parser("db", help="数据库结构")
    upgrade = database.add_subparsers(required=True, metavar="upgrade").add_parser("upgrade", help="升级到当前版本")
    upgrade.add_argument("url")
    upgrade.set_defaults(call=_upgrade)


def _verify(args: argparse.Namespace) -> int:
    from carbonost.storage.verify import verify

    cards = verify(args.url, args.port, disposable=args.disposable)
    for card in cards:
        console().print(card.to_markdown(), markup=False, highlight=False)
    return codes.DONE if all(card.passed for card in cards) else codes.REFUSED


def _upgrade(args: argparse.Namespace) -> int:
    from carbonost.storage.sql.migrate import upgrade_all

    upgrade_all(args.url)
    tell("数据库结构已是当前版本。", style="green")
    return codes.DONE
