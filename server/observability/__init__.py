"""What the server tells its operator: logs and metrics. Never what anybody said."""
