"""Views that look like the record: `alert["diaSource"]["psfFlux"]` and `alert.diaSource.psfFlux`, read from the ring when asked for."""
from cutout import Cutout

NULL_HIGH = 0x7FF86E75


class Cells:
    """The ring's memory as cells, and the places of the batch at hand: `at[k]` is the first cell of column number k."""

    def __init__(self, ring):
        self.bytes = memoryview(ring)
        self.numbers = self.bytes.cast("d")
        self.longs = self.bytes.cast("q")
        self.units = self.bytes.cast("H")
        self.at = []
        self.text = 0
        self.binary = 0
        self._texts = {}

    def begin(self, at, text, binary):
        self.at[:] = at
        self.text, self.binary = text, binary
        self._texts.clear()

    def string(self, value):
        if value >= 0:
            return chr(int(value))
        index = int(-value) - 1
        known = self._texts.get(index)
        if known is None:
            first = self.text * 4 + index
            units = self.units[first + 1 : first + 1 + self.units[first]]
            known = self._texts[index] = bytes(units).decode("utf-16-le", "replace")
        return known

    def blob(self, value):
        first = self.binary * 8 + int(value) // (1 << 24)
        return Cutout(self.bytes[first : first + int(value) % (1 << 24)])


def reader(kind, column, cells):
    """A function from a row or item number to the value of a column."""
    numbers, longs, at = cells.numbers, cells.longs, cells.at

    def number(i):
        value = numbers[at[column] + i]
        if value != value and longs[at[column] + i] >> 32 == NULL_HIGH:
            return None
        return value

    def boolean(i):
        value = numbers[at[column] + i]
        return None if value != value else value == 1

    def long(i):
        value = longs[at[column] + i]
        return None if value >> 32 == NULL_HIGH else value

    def string(i):
        value = numbers[at[column] + i]
        return None if value != value else cells.string(value)

    def binary(i):
        value = numbers[at[column] + i]
        return None if value != value else cells.blob(value)

    return {"number": number, "boolean": boolean, "long": long, "string": string, "binary": binary}[kind]


class Record:
    """A view of one row; made new for each record class with its own readers. Read-only: it has no attribute to set."""

    __slots__ = ("_i",)
    _readers = {}

    def __init__(self, i):
        object.__setattr__(self, "_i", i)

    def __getitem__(self, name):
        return self._readers[name](self._i)

    def get(self, name, default=None):
        read = self._readers.get(name)
        return default if read is None else read(self._i)

    def keys(self):
        return self._readers.keys()

    def __contains__(self, name):
        return name in self._readers

    def __iter__(self):
        return iter(self._readers)

    def __setattr__(self, name, value):
        raise AttributeError("alerts are read-only")

    def __repr__(self):
        return repr({name: read(self._i) for name, read in self._readers.items()})


def record_class(tree, cells):
    """A Record class from a tree of names: leaves are (kind, column), inner nodes dicts, lists (starts, counts, class)."""
    readers = {}
    for name, node in tree.items():
        if name == "":
            continue
        readers[name] = _reader_of(node, cells)
    made = type("Record", (Record,), {"__slots__": (), "_readers": readers})
    for name, read in readers.items():
        if name.isidentifier() and not hasattr(Record, name):
            setattr(made, name, property(lambda self, read=read: read(self._i)))
    return made


def _reader_of(node, cells):
    if isinstance(node, dict):
        inner = record_class(node, cells)
        if "" not in node:
            return inner
        present, numbers, at = node[""], cells.numbers, cells.at
        return lambda i: inner(i) if numbers[at[present] + i] == 1 else None
    if node[0] == "list":
        _, starts, counts, tree = node
        item, numbers, at = record_class(tree, cells), cells.numbers, cells.at

        def items(i):
            count = numbers[at[counts] + i]
            if count < 0:
                return None
            first = int(numbers[at[starts] + i])
            return [item(k) for k in range(first, first + int(count))]

        return items
    return reader(node[0], node[1], cells)


def tree_of(reads, number_of):
    """The names one filter reads, as a tree. `number_of(path, list path)` gives a column's number in `cells.at`."""
    tree = {}
    for column in reads["columns"]:
        _plant(tree, column, number_of(column["path"], None))
    for listed in reads["lists"]:
        items = {}
        for column in listed["columns"]:
            _plant(items, column, number_of(column["path"], listed["path"]))
        *path, name = listed["path"].split(".")
        node = ("list", number_of("starts", listed["path"], True), number_of("counts", listed["path"], True), items)
        _branch(tree, path)[name] = node
    return tree


def _branch(tree, path):
    for name in path:
        tree = tree.setdefault(name, {})
    return tree


def _plant(tree, column, number):
    *path, name = column["path"].split(".")
    if column["kind"] == "present":
        _branch(tree, [*path, name])[""] = number
    else:
        _branch(tree, path)[name] = (column["kind"], number)
