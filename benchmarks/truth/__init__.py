"""The truth campaign: every path of a job against an independent reference."""
