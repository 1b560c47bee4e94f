"""What the server tells its operator: logs, figures, metrics. Never what anybody said."""
