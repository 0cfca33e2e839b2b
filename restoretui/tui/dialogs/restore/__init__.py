"""The restore dialog: tiers, costs, reasons, and how a plan is sent."""
