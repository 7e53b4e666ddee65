"""``adapters verify``, ``db upgrade``, ``retention``: what a store can do, its schema, how long it keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from carbonost.cli import main as codes
from carbonost.cli.run import add_store, open_pipeline
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
    retention = commands.add_parser("retention", help="按保留期限清理已结束任务的日志、证据与审计内容")
    for name, told in (
        ("logs", "运行日志"),
        ("evidence", "输入数据（计量、企业、申报）"),
        ("audit", "审计内容（保留哈希链）"),
    ):
        retention.add_argument(f"--{name}", metavar="1y", help=f"{told}的保留期限，例如 90d、18mo、5y；默认永久保留")
    add_store(retention)
    retention.set_defaults(call=_retention)


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


def _retention(args: argparse.Namespace) -> int:
    from carbonost.storage.ports import RetentionPolicy

    pipeline = open_pipeline(args.store)
    gone = pipeline.apply_retention(RetentionPolicy(logs=args.logs, evidence=args.evidence, audit=args.audit))
    tell(f"已清理：日志 {gone['logs']} 条，输入数据 {gone['evidence']} 个任务，审计内容 {gone['audit']} 条。")
    report = pipeline.verify_audit()
    tell(f"审计链核验通过：共 {report.length} 条，其中 {report.purged} 条仅保留哈希。", style="green")
    return codes.DONE
