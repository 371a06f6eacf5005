"""The base class of Python filters."""


class AlertFilter:
    """Write `filter(self, alert)`, or `filter_batch(self, alerts)` over NumPy columns; `setup(self)` runs once before the first alert."""

    def setup(self):
        """Runs once, when the filter is loaded."""
