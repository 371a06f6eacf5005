"""Views that look like the record: `alert["diaSource"]["psfFlux"]` and `alert.diaSource.psfFlux`, read from the ring when asked for."""
from cells import NULL_HIGH


class Record:
    """A view of one row; each kind of record is a class with its own readers. Read-only: it has no attribute to set."""

    __slots__ = ("_i",)
    _readers = {}

    def __init__(self, i):
        _place(self, i)

    def __getitem__(self, name):
        try:
            read = self._readers[name]
        except KeyError:
            raise KeyError(_unknown(name, self._readers)) from None
        return read(self._i)

    def __getattr__(self, name):
        raise AttributeError(_unknown(name, self._readers))

    def get(self, name, default=None):
        read = self._readers.get(name)
        return default if read is None else read(self._i)

    def keys(self):
        return self._readers.keys()

    def __contains__(self, name):
        return name in self._readers

    def __iter__(self):
        return iter(self._readers)

    def __len__(self):
        return len(self._readers)

    def __setattr__(self, name, value):
        raise AttributeError("alerts are read-only")

    def __repr__(self):
        return repr({name: read(self._i) for name, read in self._readers.items()})


_place = Record._i.__set__


def _unknown(name, known):
    return f"there is no field {name} here; of those the source names there are: {', '.join(known) or 'none'}"


def record_class(tree, cells):
    """The class of the records of a tree (see layout.py)."""
    readers = {name: _reader_of(node, cells) for name, node in tree.items() if name != ""}
    made = type("Record", (Record,), {"__slots__": (), "_readers": readers})
    for name, read in readers.items():
        if name.isidentifier() and not hasattr(Record, name):
            setattr(made, name, property(lambda self, read=read: read(self._i)))
    return made


def _nothing(i):
    return None


def _reader_of(node, cells):
    if isinstance(node, dict):
        return _record_reader(node, cells)
    if node[0] == "list":
        return _list_reader(node, cells)
    kind, column = node
    return _nothing if column is None else _READERS[kind](column, cells)


def _record_reader(tree, cells):
    inner = record_class(tree, cells)
    if "" not in tree:
        return inner
    present, numbers, at = tree[""], cells.numbers, cells.at
    if present is None:
        return _nothing
    return lambda i: inner(i) if numbers[at[present] + i] == 1 else None


def _list_reader(node, cells):
    _, starts, counts, tree = node
    if starts is None:
        return _nothing
    item, numbers, at = record_class(tree, cells), cells.numbers, cells.at

    def items(i):
        count = numbers[at[counts] + i]
        if count < 0:
            return None
        first = int(numbers[at[starts] + i])
        return [item(k) for k in range(first, first + int(count))]

    return items


def _number(column, cells):
    numbers, longs, at = cells.numbers, cells.longs, cells.at

    def number(i):
        value = numbers[at[column] + i]
        if value != value and longs[at[column] + i] >> 32 == NULL_HIGH:
            return None
        return value

    return number


def _int(column, cells):
    numbers, at = cells.numbers, cells.at

    def whole(i):
        value = numbers[at[column] + i]
        return None if value != value else int(value)

    return whole


def _boolean(column, cells):
    numbers, at = cells.numbers, cells.at

    def boolean(i):
        value = numbers[at[column] + i]
        return None if value != value else value == 1

    return boolean


def _long(column, cells):
    longs, at = cells.longs, cells.at

    def long(i):
        value = longs[at[column] + i]
        return None if value >> 32 == NULL_HIGH else value

    return long


def _reference(column, cells, follow):
    numbers, at = cells.numbers, cells.at

    def referred(i):
        value = numbers[at[column] + i]
        return None if value != value else follow(value)

    return referred


_READERS = {
    "number": _number,
    "int": _int,
    "boolean": _boolean,
    "long": _long,
    "string": lambda column, cells: _reference(column, cells, cells.string),
    "binary": lambda column, cells: _reference(column, cells, cells.blob),
}
