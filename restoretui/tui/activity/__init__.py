"""The Activity tab: the audit trail."""
