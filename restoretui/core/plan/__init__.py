"""What a restore would do and cost, before anything is sent: plans, offers, prices, money."""
