"""Anomalies in time series: a recurrent network that knows what normal looks like."""
