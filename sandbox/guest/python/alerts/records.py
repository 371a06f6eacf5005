"""Alerts as dicts: what a filter does with a decoded packet works on them, and a value is read from the ring when it is first asked for."""
import copy
import json.encoder
from difflib import get_close_matches
from functools import lru_cache

from alerts.record_tree import missing_of
from alerts.readers import reader_of

# Written in C it takes the size of a dict from the dict's own memory, which is empty until somebody looks.
json.encoder.c_make_encoder = None

_CHANGED = "packets cannot be changed: make a copy first, with dict(record) or record.copy()"
_STALE = "this alert belongs to a batch that is over: keep values between calls, not alerts"
_MAX_NEAR, _MAX_NAMES = 3, 10


class NoField(KeyError):
    """As a dict's KeyError, with a text for the author, made when it is shown: to ask for what may not be there has to cost no more than it does a dict."""

    def __init__(self, name, known):
        super().__init__(name)
        self._known = known

    def __str__(self):
        return _told(str(self.args[0]), tuple(self._known))


class NoAttribute(AttributeError):
    """As an object's AttributeError, with such a text."""

    def __init__(self, name, known):
        super().__init__(name)
        self._known = known

    def __str__(self):
        return _told(str(self.args[0]), tuple(self._known))


# What authors see in messages.
NoField.__name__ = NoField.__qualname__ = "KeyError"
NoAttribute.__name__ = NoAttribute.__qualname__ = "AttributeError"


class Record(dict):
    """
    One record of one row, `_i`, or of one item of a list; each kind of record is a class with its own readers. As a dict it holds the records and lists
    that were asked for, so that each is one object; whatever looks at all of it fills it first, in the schema's order.
    """

    __slots__ = ("_i", "_filled")
    __hash__ = None
    _readers = {}
    _missing = _missing_within = ()
    _wants = None

    def __getattr__(self, name):
        raise NoAttribute(name, self._readers)

    def get(self, name, default=None):
        return self[name] if name in self._readers else default

    def __contains__(self, name):
        return name in self._readers

    def __len__(self):
        return len(self._readers)

    def _fill(self):
        try:
            _is_filled(self)
        except AttributeError:
            self._wants.reach(self._missing)
            values = {name: self[name] for name in self._readers}
            dict.clear(self)
            dict.update(self, values)
            self._filled = True
        return self

    def _fill_within(self):
        """As for what looks at the records within, too: all that is missing is reached at once."""
        self._wants.reach(self._missing_within)
        return self._fill()

    def __iter__(self):
        return dict.__iter__(self._fill())

    def __reversed__(self):
        return dict.__reversed__(self._fill())

    def keys(self):
        return dict.keys(self._fill())

    def values(self):
        return dict.values(self._fill())

    def items(self):
        return dict.items(self._fill())

    def copy(self):
        return dict(self.items())

    __copy__ = copy

    def __deepcopy__(self, memo):
        return copy.deepcopy(dict(self._fill_within().items()), memo)

    def __reduce_ex__(self, protocol):
        return dict, (self.copy(),)

    def __repr__(self):
        return dict.__repr__(self._fill_within())

    def __eq__(self, other):
        if not isinstance(other, dict):
            return NotImplemented
        return dict.__eq__(self._fill(), other._fill() if isinstance(other, Record) else other)

    def __ne__(self, other):
        equal = self.__eq__(other)
        return equal if equal is NotImplemented else not equal

    def __or__(self, other):
        return dict(self.items()) | other if isinstance(other, dict) else NotImplemented

    def __ror__(self, other):
        return other | dict(self.items()) if isinstance(other, dict) else NotImplemented

    def setdefault(self, name, default=None):
        return self[name] if name in self._readers else self._refuse()

    def pop(self, name, *default):
        """Nothing is changed where there is nothing to take."""
        if name in self._readers:
            self._refuse()
        if not default:
            raise NoField(name, self._readers)
        return default[0]

    def _refuse(self, *_, **__):
        raise TypeError(_CHANGED)

    __setitem__ = __delitem__ = __ior__ = clear = popitem = update = _refuse


_is_filled = Record._filled.__get__


def _refuse_attribute(*_):
    raise AttributeError(_CHANGED)


@lru_cache(256)
def _told(name, known):
    near = get_close_matches(str(name), known, _MAX_NEAR)
    if near:
        return f"there is no field {name} here; did you mean {' or '.join(near)}?"
    more = f" and {len(known) - _MAX_NAMES} more" if len(known) > _MAX_NAMES else ""
    return f"there is no field {name} here; there are {', '.join(known[:_MAX_NAMES]) or 'none'}{more}"


def record_class(node, cells, wants):
    """The class of the records of a tree (see record_tree.py); `wants` is told what they reach that is not carried."""
    readers = {name: reader_of(name, field, cells, wants, record_class) for name, field in node.fields.items()}

    def get_item(self, name):
        try:
            return readers[name](self)
        except IndexError:
            raise RuntimeError(_STALE) from None
        except KeyError:
            raise NoField(name, readers) from None

    own = {
        "__slots__": (),
        "__getitem__": get_item,
        "_readers": readers,
        "_missing": missing_of(node),
        "_missing_within": missing_of(node, deep=True),
        "_wants": wants,
    }
    made = type("Record", (Record,), own)
    for name, read in readers.items():
        if name.isidentifier() and not hasattr(Record, name):
            setattr(made, name, property(read, _refuse_attribute, _refuse_attribute))
    return made
