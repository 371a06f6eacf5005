"""Time and randomness as the alert's own: the same input gives the same verdict, whenever and wherever it is evaluated."""
import datetime
import random
import time

_now = 0.0


class _FixedDate(datetime.date):
    @classmethod
    def today(cls):
        return cls.fromtimestamp(_now)


class _FixedDateTime(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(_now, tz) if tz else cls.fromtimestamp(_now, datetime.timezone.utc).replace(tzinfo=None)

    @classmethod
    def utcnow(cls):
        return cls.now()

    @classmethod
    def today(cls):
        return cls.now()


def install():
    """Replaces every clock of the standard library that a filter would ask."""
    for name in ("time", "monotonic", "perf_counter", "process_time", "thread_time"):
        setattr(time, name, lambda: _now)
        setattr(time, f"{name}_ns", lambda: int(_now * 1_000_000) * 1_000)
    gmtime = time.gmtime
    time.gmtime = lambda seconds=None: gmtime(_now if seconds is None else seconds)
    time.localtime = time.gmtime
    time.sleep = lambda seconds: None
    datetime.date, datetime.datetime = _FixedDate, _FixedDateTime


class Moment:
    """Sets the clock of each alert, and its seed if the filter's source speaks of randomness."""

    def __init__(self, source):
        self._random = "random" in source
        self._numpy = self._random and "numpy" in source

    def begin(self, time_ms, seed):
        global _now
        _now = time_ms / 1000
        if self._random:
            random.seed(seed)
        if self._numpy:
            import numpy

            numpy.random.seed(seed & 0xFFFFFFFF)
