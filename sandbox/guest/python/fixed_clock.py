"""Time and randomness as the alert's own: the same input gives the same verdict, whenever and wherever it is evaluated."""
import datetime
import os
import random
import time

_now = 0.0
_seed = 0
_entropy = None


class _Instances(type):
    """Dates made by libraries in C are dates too."""

    def __instancecheck__(cls, value):
        return isinstance(value, cls.__mro__[1])


class _FixedDate(datetime.date, metaclass=_Instances):
    @classmethod
    def today(cls):
        return cls.fromtimestamp(_now)


class _FixedDateTime(datetime.datetime, metaclass=_Instances):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(_now, tz) if tz else cls.fromtimestamp(_now, datetime.timezone.utc).replace(tzinfo=None)

    @classmethod
    def utcnow(cls):
        return cls.now()

    @classmethod
    def today(cls):
        return cls.now()


def _bytes(count):
    """What the system's source of entropy would give: NumPy's unseeded generators, uuid and secrets draw from it."""
    global _entropy
    if _entropy is None:
        _entropy = random.Random(_seed)
    return _entropy.randbytes(count)


def install():
    """Replaces every clock and source of entropy of the standard library that a filter would ask."""
    for name in ("time", "monotonic", "perf_counter", "process_time", "thread_time"):
        setattr(time, name, lambda: _now)
        setattr(time, f"{name}_ns", lambda: round(_now * 1000) * 1_000_000)
    gmtime = time.gmtime
    time.gmtime = time.localtime = lambda seconds=None: gmtime(_now if seconds is None else seconds)
    time.sleep = lambda seconds: None
    datetime.date, datetime.datetime = _FixedDate, _FixedDateTime
    os.urandom = random._urandom = _bytes


class Moment:
    """Sets the clock of each alert, and its seed if the filter's source speaks of randomness."""

    def __init__(self, source):
        self._random = "random" in source
        self._numpy = self._random and "numpy" in source

    def prepare(self):
        """Loads what `begin` needs."""
        if self._numpy:
            import numpy.random

    def begin(self, time_ms, seed):
        global _now, _seed, _entropy
        _now, _seed, _entropy = time_ms / 1000, seed, None
        if self._random:
            random.seed(seed)
        if self._numpy:
            import numpy

            numpy.random.seed(seed & 0xFFFFFFFF)
