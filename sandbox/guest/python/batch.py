"""A whole batch as NumPy columns, for filters that write filter_batch(self, alerts)."""
import numpy

from views import NULL_HIGH


class Columns:
    """`alerts["diaSource"]["psfFlux"]` is an array with a value for each alert; null is NaN, and a mask tells it from a NaN of the packet."""

    def __init__(self, tree, cells, rows):
        self._tree, self._cells, self._rows = tree, cells, rows

    def __len__(self):
        return self._rows

    def __getitem__(self, name):
        node = self._tree[name]
        if isinstance(node, dict):
            return Columns(node, self._cells, self._rows)
        if node[0] == "list":
            return Lists(node, self._cells, self._rows)
        return _array(self._cells, node, self._rows)

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def present(self):
        """Which alerts have this record at all."""
        if "" not in self._tree:
            return numpy.ones(self._rows, dtype=bool)
        first = self._cells.at[self._tree[""]]
        return numpy.frombuffer(self._cells.numbers[first : first + self._rows], dtype="f8") == 1


class Lists:
    """An array of records over all alerts: flat item columns, and where each alert's items begin and how many there are (-1: null)."""

    def __init__(self, node, cells, rows):
        _, starts, counts, self._tree = node
        at, numbers = cells.at, cells.numbers
        self._cells = cells
        self.starts = numpy.frombuffer(numbers[at[starts] : at[starts] + rows], dtype="f8").astype("i8")
        self.counts = numpy.frombuffer(numbers[at[counts] : at[counts] + rows], dtype="f8").astype("i8")
        self.items = int(numpy.maximum(self.counts, 0).sum())

    def __getitem__(self, name):
        return _array(self._cells, self._tree[name], self.items)

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def alert(self):
        """For each item, the number of its alert: for numpy.bincount and numpy.add.at."""
        return numpy.repeat(numpy.arange(len(self.counts)), numpy.maximum(self.counts, 0))


def _array(cells, node, count):
    kind, column = node
    first = cells.at[column]
    values = numpy.frombuffer(cells.numbers[first : first + count], dtype="f8")
    if kind == "number":
        return values
    if kind == "boolean":
        return values == 1
    bits = numpy.frombuffer(cells.longs[first : first + count], dtype="i8")
    null = (bits >> 32) == NULL_HIGH
    if kind == "long":
        return numpy.ma.masked_array(bits, mask=null)
    read = cells.string if kind == "string" else cells.blob
    return numpy.array([None if missing else read(value) for value, missing in zip(values, null)], dtype=object)
