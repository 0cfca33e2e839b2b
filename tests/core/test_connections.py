"""How a run remembers the door it went through, and what a provider says of itself."""

import json

import pytest

from restoretui.core.provider import Answer, Capabilities, Connection, Outcome

CONNECTIONS = [
    Connection(),
    Connection(profile="archive", region="eu-central-1"),
    Connection("oss", None, None, "http://127.0.0.1:9000", path_style=False, requester_pays=True),
    Connection(path_style=True, expected_bucket_owner="123456789012"),
    Connection(profile="a", buckets=(("x", Connection(profile="b")), ("y", Connection(requester_pays=True)))),
]


@pytest.mark.parametrize("connection", CONNECTIONS)
def test_a_connection_survives_being_stored(connection: Connection) -> None:
    assert Connection.from_mapping(json.loads(json.dumps(connection.to_mapping()))) == connection


def test_only_what_was_chosen_is_stored() -> None:
    assert Connection(region="us-east-1").to_mapping() == {
        "scheme": "s3",
        "region": "us-east-1",
        "requester_pays": False,
    }


def test_what_a_later_version_stored_besides_is_left_out() -> None:
    assert Connection.from_mapping({"scheme": "s3", "region": "us-east-1", "proxy": "x"}) == Connection(
        region="us-east-1"
    )


def test_answers_and_capabilities_are_values_with_plain_defaults() -> None:
    answer = Answer(Outcome.ACCEPTED, 202)
    assert (answer.code, answer.message, answer.request_id) == ("", "", "")
    able = Capabilities(max_rate=1000)
    assert (able.list_page, able.restore_status_in_list, able.versions, able.clean) == (1000, True, True, False)
