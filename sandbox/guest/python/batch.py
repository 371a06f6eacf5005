"""A whole batch as NumPy columns, for filters that write filter_batch(self, alerts)."""
import numpy

from cells import NULL_HIGH


class _Named:
    """Names under `[...]` and as attributes."""

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __contains__(self, name):
        return name in self._tree

    def keys(self):
        return [name for name in self._tree if name != ""]


class Columns(_Named):
    """
    `alerts["diaSource"]["psfFlux"]` is an array with a value for each alert. Null is NaN in numbers, masked in integers, False in booleans, empty
    in texts and None in bytes; `alerts["diaSource"].null("psfFlux")` tells it from such a value of the packet.
    """

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
        return _values(self._cells, node, self._rows)

    def null(self, name):
        """Which alerts have no value there."""
        return _null(self._cells, self._tree[name][1], self._rows)

    @property
    def present(self):
        """Which alerts have this record at all."""
        if "" not in self._tree:
            return numpy.ones(self._rows, dtype=bool)
        column = self._tree[""]
        if column is None:
            return numpy.zeros(self._rows, dtype=bool)
        return self._cells.array(column, self._rows) == 1


class Lists(_Named):
    """An array of records over all alerts: flat item columns, and where each alert's items begin and how many there are (-1: null)."""

    def __init__(self, node, cells, rows):
        _, starts, counts, self._tree = node
        self._cells = cells
        if starts is None:
            self.starts, self.counts = numpy.zeros(rows, dtype="i8"), numpy.full(rows, -1)
        else:
            self.starts, self.counts = cells.array(starts, rows).astype("i8"), cells.array(counts, rows).astype("i8")
        self.items = int(numpy.maximum(self.counts, 0).sum())

    def __getitem__(self, name):
        return _values(self._cells, self._tree[name], self.items)

    def null(self, name):
        """Which items have no value there."""
        return _null(self._cells, self._tree[name][1], self.items)

    @property
    def alert(self):
        """For each item, the number of its alert: for numpy.bincount and numpy.add.at."""
        return numpy.repeat(numpy.arange(len(self.counts)), numpy.maximum(self.counts, 0))


def _null(cells, column, count):
    if column is None:
        return numpy.ones(count, dtype=bool)
    return (cells.array(column, count).view("i8") >> 32) == NULL_HIGH


_ABSENT = {"number": numpy.nan, "int": 0, "boolean": False, "long": 0, "string": ""}


def _values(cells, node, count):
    kind, column = node
    if column is None:
        values = numpy.full(count, _ABSENT.get(kind))
        return numpy.ma.masked_array(values, mask=True) if kind in ("int", "long") else values
    values = cells.array(column, count)
    if kind == "number":
        return values
    if kind == "boolean":
        return values == 1
    null = _null(cells, column, count)
    if kind == "int":
        return numpy.ma.masked_array(numpy.where(null, 0, values).astype("i8"), mask=null)
    if kind == "long":
        return numpy.ma.masked_array(values.view("i8"), mask=null)
    if kind == "string":
        return _texts(cells, numpy.where(null, 0, values))
    blobs = numpy.empty(count, dtype=object)
    blobs[:] = [None if missing else cells.blob(value) for value, missing in zip(values, null)]
    return blobs


def _texts(cells, references):
    """Code points are characters as they are; each longer text is read once, however often it is there."""
    if (references >= 0).all():
        return references.astype("u4").view("U1")
    distinct, places = numpy.unique(references, return_inverse=True)
    return numpy.array([cells.string(reference) for reference in distinct])[places]
