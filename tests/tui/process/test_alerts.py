"""What is news for somebody who looks elsewhere is told once, by its kind, and the title counts along."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from restoretui.config.setting_values import check_value
from restoretui.config.settings import Settings
from restoretui.core.alerts import AlertKind
from restoretui.core.errors import UsageError
from restoretui.core.model import State, Tier
from restoretui.core.rules.verdicts import Purpose
from restoretui.ledger.records import CloudId
from restoretui.ledger.run_records import Run
from restoretui.tui.process.alerts import Alert, Alerts, together
from restoretui.tui.process.finished_runs import FinishedRuns
from restoretui.tui.process.window_title import window_title

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def run_with(number: int = 1, **counts: int) -> Run:
    """``run_with(restoring=9, failed=1)``: asked for an hour ago, typically there within 12 h."""
    by_state = {State(name): objects for name, objects in counts.items()}
    return Run(
        number, CloudId("s3"), {}, Purpose.RESTORE, Tier.STANDARD, 7, "", NOW - HOUR, sum(counts.values()), 100,
        by_state, {}, Decimal(1), "USD", 0, 1, 0, (3 * 3600.0, 12 * 3600.0), NOW - HOUR, NOW - HOUR, None,
    )  # fmt: skip


class Watched:
    """Alerts that are told of runs as the screens tell them."""

    def __init__(self, *wanted: AlertKind) -> None:
        self.alerts = Alerts(wanted or tuple(AlertKind))
        self.finished = FinishedRuns()

    def see(self, *runs: Run) -> list[Alert]:
        return self.alerts.of_runs(runs, self.finished.finished(runs))


def kinds(news: list[Alert]) -> list[AlertKind]:
    return [kind for kind, _ in news]


def test_the_first_arrival_the_first_failure_and_the_end_are_told_once() -> None:
    watched = Watched()
    assert watched.see(run_with(restoring=10)) == []
    assert watched.see(run_with(restoring=9, available=1)) == [
        (AlertKind.ARRIVAL, "run 1: the first of 10 objects is readable")
    ]
    assert watched.see(run_with(restoring=8, available=2)) == []
    assert watched.see(run_with(restoring=7, available=2, failed=1)) == [
        (AlertKind.FAILING, "run 1: 1 of 10 objects failed")
    ]
    assert watched.see(run_with(restoring=6, available=2, failed=2)) == []
    assert watched.see(run_with(available=8, failed=2)) == [(AlertKind.DONE, "run 1 is done: 8 available, 2 failed")]
    assert watched.see(run_with(available=8, failed=2)) == []


def test_what_was_so_at_the_start_is_no_news() -> None:
    watched = Watched()
    assert watched.see(run_with(1, available=3, failed=1), run_with(2, restoring=5, available=1, failed=1)) == []
    assert watched.see(run_with(1, available=3, failed=1), run_with(2, restoring=3, available=2, failed=2)) == []
    assert kinds(watched.see(run_with(1, available=3, failed=1), run_with(2, available=4, failed=2))) == [
        AlertKind.DONE
    ]


def test_copies_that_a_new_run_finds_have_not_arrived() -> None:
    watched = Watched()
    watched.see()
    assert watched.see(run_with(restoring=5, available=2)) == []
    assert kinds(watched.see(run_with(restoring=4, available=3))) == [AlertKind.ARRIVAL]


def test_a_run_that_ends_at_once_is_told_in_one_sentence() -> None:
    watched = Watched()
    watched.see(run_with(restoring=1))
    assert kinds(watched.see(run_with(available=1))) == [AlertKind.DONE]
    assert watched.see(run_with(available=1)) == []


def test_a_run_of_another_process_that_ends_before_it_is_seen_is_told() -> None:
    watched = Watched()
    assert watched.see(run_with(1, available=1)) == []
    assert kinds(watched.see(run_with(1, available=1), run_with(2, available=3))) == [AlertKind.DONE]
    assert watched.see(run_with(1, available=1), run_with(2, available=3)) == []


def test_a_run_begun_again_is_done_again() -> None:
    watched = Watched()
    watched.see(run_with(restoring=2))
    assert kinds(watched.see(run_with(available=1, failed=1))) == [AlertKind.DONE]
    assert watched.see(run_with(available=1, planned=1)) == []
    assert kinds(watched.see(run_with(available=2))) == [AlertKind.DONE]


@pytest.mark.parametrize("kind", AlertKind)
def test_each_kind_can_be_off(kind: AlertKind) -> None:
    watched = Watched(*(other for other in AlertKind if other is not kind))
    watched.see(run_with(restoring=10))
    news = watched.see(run_with(restoring=9, available=1))
    news += watched.see(run_with(restoring=8, available=1, failed=1))
    news += watched.see(run_with(available=9, failed=1))
    news += watched.alerts.of_trouble("paused: no network", NOW)
    watched.alerts.of_ends({}, NOW)
    news += watched.alerts.of_ends({1: int((NOW + HOUR).timestamp())}, NOW)
    assert set(kinds(news)) == set(AlertKind) - {kind}


def test_with_the_end_off_its_failures_are_still_told() -> None:
    watched = Watched(AlertKind.FAILING)
    watched.see(run_with(restoring=2))
    assert kinds(watched.see(run_with(available=1, failed=1))) == [AlertKind.FAILING]


def test_copies_that_end_soon_are_told_once_for_each_end() -> None:
    alerts = Alerts()
    end = int((NOW + 25 * HOUR).timestamp())
    assert alerts.of_ends({1: end}, NOW) == []
    assert not alerts.is_due(NOW)
    later = NOW + 2 * HOUR
    assert alerts.is_due(later)
    assert alerts.of_ends({1: end}, later) == [Alert(AlertKind.EXPIRING, "run 1: copies end in 23h00")]
    assert not alerts.is_due(later)
    assert alerts.of_ends({1: end}, later) == []
    assert alerts.of_ends({1: end + 86_400}, later + 6 * HOUR) == []
    assert alerts.of_ends({1: end + 86_400}, later + 30 * HOUR) != []
    assert alerts.of_ends({1: end + 86_400}, later + 90 * HOUR) == []


def test_an_extended_copy_is_not_told_of_by_its_old_end() -> None:
    alerts = Alerts()
    end = int((NOW + 25 * HOUR).timestamp())
    alerts.of_ends({1: end}, NOW)
    assert alerts.is_due(NOW + 2 * HOUR)
    assert alerts.of_ends({1: end + 7 * 86_400}, NOW + 2 * HOUR) == []


def test_the_same_trouble_is_told_again_after_an_hour() -> None:
    alerts = Alerts()
    assert together(alerts.of_trouble("paused: credentials have expired", NOW)) == "paused: credentials have expired"
    assert alerts.of_trouble("paused: credentials have expired", NOW + HOUR / 2) == []
    assert alerts.of_trouble("paused: no network", NOW + HOUR / 2) != []
    assert alerts.of_trouble("paused: credentials have expired", NOW + 2 * HOUR) != []


def test_much_news_is_one_sentence() -> None:
    news = [Alert(AlertKind.DONE, f"run {number} is done") for number in range(5)]
    assert together(news) == "run 0 is done, and 4 other things"


@pytest.mark.parametrize(
    ("counts", "after", "title"),
    [
        ({"restoring": 10}, 0, "0% · 11 h · restoretui"),
        ({"restoring": 5, "available": 5}, 6, "50% · 5 h · restoretui"),
        ({"restoring": 1, "available": 999}, 10.5, "99% · 30 min · restoretui"),
        ({"restoring": 1, "available": 9}, 10.95, "90% · 5 min · restoretui"),
        ({"restoring": 8, "failed": 2, "skipped": 90}, 0, "20% · 2 failed · 11 h · restoretui"),
        ({"restoring": 10}, 30, "0% · overdue · restoretui"),
    ],
)
def test_the_title_says_how_far_it_is_and_how_long_it_takes(counts: dict[str, int], after: float, title: str) -> None:
    assert window_title([run_with(**counts)], NOW + after * HOUR) == title


def test_the_title_without_anything_under_way() -> None:
    assert window_title([], NOW) == "restoretui"
    assert window_title([run_with(available=5)], NOW) == "restoretui"
    assert window_title([], NOW, ended=[run_with(available=5)]) == "done · restoretui"
    assert window_title([], NOW, ended=[run_with(available=4, failed=1)]) == "1 failed · restoretui"


def test_of_several_runs_the_title_tells_all_together() -> None:
    slow = replace(run_with(2, restoring=30), window=(0.0, 48 * 3600.0))
    unsent = replace(run_with(3, planned=10), first_requested_at=None, last_requested_at=None)
    assert window_title([run_with(1, restoring=5, available=5), slow, unsent], NOW) == "10% · 47 h · restoretui"


def test_the_config_switches_kinds_by_their_names() -> None:
    assert Settings().wanted_alerts == tuple(AlertKind)
    off = check_value("alerts", {"done": False, "failing": True}, "f")
    assert Settings(alerts=off).wanted_alerts == (AlertKind.ARRIVAL, AlertKind.FAILING, AlertKind.EXPIRING)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("alerts", {"dnoe": False}, "there is no kind 'dnoe'"),
        ("alerts", {"done": "no"}, "each true or false"),
        ("alerts", ["done"], "each true or false"),
        ("title", "yes", "true or false"),
        ("desktop", "osc8", "must be auto, osc9, osc777, osc99 or off"),
    ],
)
def test_what_the_config_cannot_mean_is_said(name: str, value: object, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        check_value(name, value, "config.toml")
