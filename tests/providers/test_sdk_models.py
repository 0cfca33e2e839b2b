"""Models as the SDK reads them, only sooner."""

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError
from botocore.loaders import Loader

from restoretui.providers.sdk_models import Models


@pytest.mark.parametrize("service", ["s3", "s3control", "sts"])
def test_they_are_those_of_the_sdk(service: str) -> None:
    ours, theirs = Models(None), Loader()
    for kind in ("service-2", "endpoint-rule-set-1"):
        assert ours.load_service_model(service, kind) == theirs.load_service_model(service, kind)


def test_those_of_a_folder_of_ones_own_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELS", str(tmp_path))
    (tmp_path / "endpoints.json").write_text(json.dumps({"own": True}))
    (tmp_path / "empty").mkdir()
    stock: Any = Loader()
    models: Any = Models("~nobody-at-all:$MODELS")
    assert models.load_data("endpoints") == {"own": True}
    assert models.load_data("partitions") == stock.load_data("partitions")
    for unknown in ("empty", "nothing"):
        with pytest.raises(BotoCoreError):
            models.load_service_model(unknown, "service-2")
