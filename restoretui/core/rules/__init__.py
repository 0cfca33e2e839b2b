"""What each cloud and each compatible store takes: classes, tiers, windows, states (tables, no code that asks)."""
