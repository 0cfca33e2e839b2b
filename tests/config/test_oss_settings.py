"""How OSS is reached: its own variables and settings, never those of S3."""

import pytest

from restoretui.core.errors import UsageError
from restoretui.core.provider import Connection
from tests.config.conftest import Load


def test_the_two_clouds_have_settings_of_their_own(load: Load) -> None:
    settings = load(
        'endpoint_url = "http://s3.example"\noss_internal = true\noss_profile = "cold"\n',
        OSS_ENDPOINT="oss-cn-beijing.aliyuncs.com",
        OSS_REGION="cn-beijing",
        AWS_PROFILE="films",
        AWS_REGION="eu-central-1",
    )
    assert settings.connection_to("s3") == settings.connection_to("s3")
    assert settings.connection_to("s3") == Connection(
        profile="films", region="eu-central-1", endpoint_url="http://s3.example"
    )
    assert settings.connection_to("oss") == Connection(
        scheme="oss",
        profile="cold",
        region="cn-beijing",
        endpoint_url="oss-cn-beijing.aliyuncs.com",
        internal=True,
    )
    assert settings.sources["oss_region"] == "$OSS_REGION"


def test_the_environment_wins_over_the_file(load: Load) -> None:
    assert load('oss_region = "cn-shanghai"').connection_to("oss").region == "cn-shanghai"
    assert load('oss_region = "cn-shanghai"', OSS_REGION="cn-beijing").connection_to("oss").region == "cn-beijing"


def test_nothing_set_is_nothing_stored(load: Load) -> None:
    assert load().connection_to("oss").to_mapping() == {"scheme": "oss", "requester_pays": False}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('oss_internal = "yes"', "oss_internal must be true or false, not 'yes'"),
        ("oss_path_style = 1", "oss_path_style must be true or false, not 1"),
        ("oss_region = 3", "oss_region must be text, not 3"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_named(load: Load, line: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        load(line)
