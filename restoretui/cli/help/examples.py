"""Examples of every command, shown below its options and in the man page. Each line has at most 76 columns."""

import re
from collections.abc import Iterator

import click

from restoretui.cli.help.narrow import Context

EXAMPLES: dict[str, tuple[str, ...]] = {
    "": (
        "restoretui",
        "restoretui s3://bucket/2021/",
        "restoretui plan s3://bucket/2021/ --days 7",
        "restoretui restore s3://bucket/2021/ --days 7 --tier bulk --wait",
        "restoretui doctor s3://bucket",
    ),
    "open": ("restoretui", "restoretui s3://bucket/2021/ --profile work", "restoretui oss://bucket --read-only"),
    "demo": ("restoretui demo", "restoretui demo --objects 1000000 --scenario slow-down"),
    "sandbox": ("restoretui sandbox --port 9000 --speed 3600", "restoretui sandbox --scenario no-expedited"),
    "ls": (
        "restoretui ls s3://bucket/2021/ --state archived",
        "restoretui ls s3://bucket --where 'class:deep size>1G' --json",
        "restoretui ls 's3://bucket/clip-*' --older-than 90d --exclude '*.tmp'",
        "restoretui ls s3:// --archived",
    ),
    "du": ("restoretui du s3://bucket --depth 2", "restoretui du s3://bucket/2021/ --by class --json"),
    "import": (
        "restoretui import s3://bucket --from-inventory s3://inventories/bucket/all/",
        "restoretui import s3://bucket --from-inventory ./manifest.json",
    ),
    "undelete": (
        "restoretui undelete s3://bucket/2021/ --deleted-since 1h --dry-run",
        "restoretui undelete s3://bucket --as-of 2026-03-03T12:00Z",
    ),
    "set ls": ("restoretui set ls",),
    "set save": (
        "restoretui set save friday s3://bucket/2021/ --state archived",
        "restoretui set save failed --run last --state failed",
        "restoretui restore @friday --days 7 --tier bulk",
    ),
    "set show": ("restoretui set show friday",),
    "set export": ("restoretui set export friday -o friday.csv",),
    "set import": ("restoretui set import friday friday.csv",),
    "set diff": (
        "restoretui set diff @friday                    # and what is there now",
        "restoretui set diff @friday @monday --json",
        "restoretui set diff s3://bucket --from-inventory MON --from-inventory TUE",
    ),
    "set drop": ("restoretui set drop friday --dry-run", "restoretui set drop friday --yes"),
    "plan": (
        "restoretui plan s3://bucket/2021/ --days 7",
        "restoretui plan s3://bucket --match '*.mov' --until 2026-12-24 --tier bulk",
        "restoretui plan --keys-from objects.jsonl --days 2 --engine auto",
    ),
    "restore": (
        "restoretui restore s3://bucket/2021/ --days 7 --tier bulk --max-cost 20",
        "restoretui restore s3://bucket --keys-from keys.txt --days 2 --tier bulk",
        "restoretui ls s3://bucket --state archived --json |",
        "  restoretui restore --keys-from - --days 2 --tier standard --yes --wait",
        "restoretui restore s3://bucket/2022/ --days 7 --tier bulk --engine batch",
        "restoretui restore s3://bucket/a.csv --restore-request select.json",
        "restoretui restore --manifest m.csv --engine batch --days 7 --tier bulk",
    ),
    "retry": ("restoretui retry last", "restoretui retry 12 --max-cost 5 --yes --wait"),
    "cancel": ("restoretui cancel last --dry-run", "restoretui cancel 12"),
    "clean": ("restoretui clean oss://bucket/2021/ --dry-run", "restoretui clean last --yes"),
    "status": ("restoretui status", "restoretui status last --where state:failed --json"),
    "watch": ("restoretui watch", "restoretui watch last --timeout 6h --json", "restoretui watch --until-next"),
    "warm": ("restoretui warm --protocol rustic --days 7 --yes s3://cold/repo/ -- KEY",),
    "export": ("restoretui export last -o run.csv", "restoretui export 12 --format json"),
    "report": ("restoretui report last", "restoretui report 12 -o OPS-1234.html"),
    "events setup": (
        "URL=https://sqs.eu-west-1.amazonaws.com/123456789012/restores",
        'restoretui events setup s3://bucket --events "sqs:$URL"',
    ),
    "events remove": ("restoretui events remove s3://bucket --dry-run",),
    "batch": ("restoretui batch ls", "restoretui batch show JOB", "restoretui batch confirm JOB --max-cost 20"),
    "config": ("restoretui config show",),
    "events": ("restoretui events remove s3://bucket --dry-run",),
    "ledger": ("restoretui ledger info", "restoretui ledger prune --older-than 180d --dry-run"),
    "prices": ("restoretui prices", "restoretui prices update --region eu-west-1"),
    "set": ("restoretui set save friday s3://bucket/2021/ --state archived", "restoretui ls @friday"),
    "batch ls": ("restoretui batch ls", "restoretui batch ls --status Active --region eu-west-1"),
    "batch show": ("restoretui batch show JOB --json",),
    "batch confirm": ("restoretui batch confirm JOB", "restoretui batch confirm JOB --max-cost 20 --yes"),
    "batch cancel": ("restoretui batch cancel JOB --dry-run", "restoretui batch cancel JOB"),
    "batch clean": ("restoretui batch clean JOB --dry-run", "restoretui batch clean JOB"),
    "batch clone": ("restoretui batch clone JOB",),
    "batch follow": ("restoretui batch follow JOB --wait",),
    "batch priority": ("restoretui batch priority JOB 50",),
    "batch report": ("restoretui batch report JOB --failed", "restoretui batch report JOB --csv > tasks.csv"),
    "batch policy": ("restoretui batch policy s3://bucket", "restoretui batch policy s3://bucket --only role"),
    "batch retry": ("restoretui batch retry last --wait",),
    "ledger info": ("restoretui ledger info",),
    "ledger check": ("restoretui ledger check --json",),
    "ledger vacuum": ("restoretui ledger vacuum",),
    "ledger backup": ("restoretui ledger backup copy.db",),
    "ledger prune": (
        "restoretui ledger prune --older-than 180d --export old/ --dry-run",
        "restoretui ledger prune --keep 100 --listings --yes",
    ),
    "prices show": ("restoretui prices",),
    "prices update": ("restoretui prices update", "restoretui prices update --region eu-west-1 --dry-run"),
    "doctor": ("restoretui doctor", "restoretui doctor s3://bucket/2021/ oss://bucket --json"),
    "config show": ("restoretui config show", "restoretui config show --all --profile work"),
    "completion": (
        'eval "$(restoretui completion bash)"           # in ~/.bashrc',
        'eval "$(restoretui completion zsh)"            # in ~/.zshrc, after compinit',
        "restoretui completion fish | source            # in config.fish",
    ),
    "schema": ("restoretui schema > restoretui.schema.json",),
    "man": ("restoretui man | man -l -", "restoretui man > ~/.local/share/man/man1/restoretui.1"),
}
"""By the command's words, groups' too; the root's stands under none."""


SHORT = {
    "ls": "List objects with their class and state.",
    "import": "Read a bucket's inventory, not list it.",
    "du": "Sum up what lies below each prefix.",
    "set": "Sets of objects with a name: @NAME where a location goes.",
    "set save": "Keep what is chosen under a name.",
    "set ls": "The sets there are.",
    "set show": "What of a set lies where, by storage class.",
    "set export": "A set as a file for others.",
    "set import": "Read a set from such a file, or any list of objects.",
    "set drop": "Forget a set; the objects stay as they are.",
    "set diff": "What of a set is missing, new or changed.",
    "plan": "What a restore would do, take and cost; sends nothing.",
    "restore": "Plan, confirm, send, and with --wait watch copies arrive.",
    "status": "Runs and their objects, after one look at the cloud.",
    "watch": "Go on with what is under way, until all is settled.",
    "retry": "Ask for the failed objects of a run once more.",
    "cancel": "Give up what of a run was not sent yet.",
    "export": "A run's objects, with what became of each, as a file.",
    "warm": "Make objects readable for a program that waits for it.",
    "report": "A run as a page for a ticket: md, html, csv, json.",
    "clean": "End restored copies early, to stop paying for them (OSS).",
    "batch": "Jobs of S3 Batch Operations.",
    "events": "Restores told of by a queue, not polled for.",
    "events setup": "Make a bucket send its restore events to a queue.",
    "events remove": "Take back what setup has written.",
    "ledger": "The local state: its size, copies, what may go.",
    "prices": "Which prices are known; reading them anew.",
    "doctor": "What stands in the way, and what helps.",
    "config": "The settings, and where each comes from.",
    "completion": "Completion for bash, zsh and fish.",
    "schema": "The JSON Schema that every line of --json keeps.",
    "man": "The manual page.",
    "demo": "The screens on a sandbox cloud: no account needed.",
    "sandbox": "Serve a simulated archive cloud on 127.0.0.1.",
    "batch clean": "Delete the manifest and report of a job of ours.",
    "batch follow": "Watch the objects of anybody's job; nothing is sent.",
    "batch policy": "The trust, role and caller policies, ready to paste.",
    "batch report": "The completion report of a job.",
    "ledger prune": "Remove runs that are over, and old listings.",
    "ledger check": "Read all of it, and name what is damaged.",
    "batch show": "All that is known of one job.",
    "prices show": "Every Region with a price, and its date.",
    "config show": "What is set, and where each value comes from.",
    "prices update": "Read prices from AWS's list, without credentials.",
    "batch clone": "Make a suspended job like that one.",
    "batch confirm": "Let a suspended job run, once its cost is agreed to.",
}
"""One line of each command for the list of commands."""


def add_examples(cli: click.Group) -> None:
    """Put each command's examples below its options, before what stands there already."""
    _shorten(cli)
    cli.context_class = Context
    groups = [(name, command) for name, command in cli.commands.items() if isinstance(command, click.Group)]
    for name, command in [("", cli), *groups, *leaves(cli)]:
        if command.context_class is click.Context:
            command.context_class = Context
        if lines := EXAMPLES.get(name):
            shown = "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
            command.epilog = f"{shown}\n\n{command.epilog}" if command.epilog else shown


def _shorten(group: click.Group, before: str = "") -> None:
    for name, command in group.commands.items():
        first = re.split(r"(?<=\.)\s", " ".join((command.help or "").split()))[0]  # else Click cuts it to the width
        command.short_help = SHORT.get(f"{before}{name}") or command.short_help or first
        if isinstance(command, click.Group):
            _shorten(command, f"{name} ")


def leaves(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by its words."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from leaves(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command
