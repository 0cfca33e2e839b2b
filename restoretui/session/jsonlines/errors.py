"""The line of an error."""

from typing import Any

from restoretui.core.errors import CloudError, RestoreTuiError


def error_fields(error: RestoreTuiError) -> dict[str, Any]:
    """What went wrong, what to do next, and what the cloud said of it."""
    fields: dict[str, Any] = {
        "reason": str(error), "hint": error.hint or None, "exit_code": int(error.exit_code)
    }  # fmt: skip
    if isinstance(error, CloudError):
        fields |= {
            "code": error.code or None, "http_status": error.status or None,
            "request_id": error.request_id or None, "operation": error.operation or None,
        }  # fmt: skip
    return fields
