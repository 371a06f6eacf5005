"""A whole batch as NumPy columns, for filters that write filter_batch(self, alerts)."""
import numpy
import numpy.ma

from cells import NULL_HIGH
from layout import Listed, Node, missing_of
from records import NoAttribute, NoField


class _Named:
    """Columns by name under `[...]` and as attributes; as a dict has them: keys, values, items, get, `in` and iteration over the names."""

    def __init__(self, node, cells, wants):
        self._node, self._cells, self._wants = node, cells, wants

    def _field(self, name):
        fields = self._node.fields
        if name not in fields:
            raise NoField(name, fields)
        field = fields[name]
        if not isinstance(field, Node) and not field.carried:
            self._wants.reach([field.text])
        return field

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self[name]
        except NoField:
            raise NoAttribute(name, self._node.fields) from None

    def __contains__(self, name):
        return name in self._node.fields

    def __iter__(self):
        return iter(self.keys())

    def keys(self):
        """All names; whoever asks for them is going to look at all."""
        self._wants.reach(missing_of(self._node))
        return self._node.fields.keys()

    def values(self):
        return [self[name] for name in self.keys()]

    def items(self):
        return [(name, self[name]) for name in self.keys()]

    def get(self, name, default=None):
        return self[name] if name in self else default

    def __getitem__(self, name):
        return _values(self._cells, self._field(name), self._count)

    def null(self, name):
        """Which have no value there, as an array of booleans."""
        return _null(self._cells, self._field(name), self._count)

    def filled(self, name, value):
        """The column as a plain array, with `value` where there is none."""
        column = numpy.ma.getdata(self[name])
        null = self.null(name)
        return numpy.where(null, value, column) if null.any() else column.copy()


class Columns(_Named):
    """
    `alerts["diaSource"]["psfFlux"]` is an array with a value for each alert. Null is NaN in numbers and None in bytes. Integers of 64 bits
    are masked arrays; those of 32 bits, booleans and texts are masked arrays in a batch that has nulls there. What is masked passes no filter. `alerts["diaSource"].null("psfFlux")` tells
    null from NaN, and `alerts["diaSource"].filled("band", "?")` has something else instead.
    """

    def __init__(self, node, cells, rows, wants):
        super().__init__(node, cells, wants)
        self._count = rows

    def __len__(self):
        return self._count

    def __getitem__(self, name):
        field = self._field(name)
        if isinstance(field, Node):
            return Columns(field, self._cells, self._count, self._wants)
        if isinstance(field, Listed):
            return Lists(field, self._cells, self._count, self._wants)
        return _values(self._cells, field, self._count)

    def null(self, name):
        """Which alerts have no value there, or no such record or list."""
        field = self._field(name)
        if isinstance(field, Node):
            return ~self[name].present
        if isinstance(field, Listed):
            return self[name].counts < 0
        return _null(self._cells, field, self._count)

    @property
    def present(self):
        """Which alerts have this record at all."""
        column = self._node.present
        if column is None:
            return numpy.ones(self._count, dtype=bool)
        if not column.carried:
            self._wants.reach([column.text])
        if column.number is None:
            return numpy.zeros(self._count, dtype=bool)
        return self._cells.array(column.number, self._count) == 1


class Lists(_Named):
    """An array of records over all alerts: flat item columns, and where each alert's items begin and how many there are (-1: null)."""

    def __init__(self, listed, cells, rows, wants):
        super().__init__(listed.item, cells, wants)
        if listed.starts is None:
            self.starts, self.counts = numpy.zeros(rows, dtype="i8"), numpy.full(rows, -1)
        else:
            self.starts = cells.array(listed.starts, rows).astype("i8")
            self.counts = cells.array(listed.counts, rows).astype("i8")
        self._count = int(numpy.maximum(self.counts, 0).sum())

    def __getitem__(self, name):
        field = self._field(name)
        if isinstance(field, Node):
            return Columns(field, self._cells, self._count, self._wants)
        return _values(self._cells, field, self._count)

    def __len__(self):
        return self._count

    @property
    def alert(self):
        """For each item, the number of its alert: for numpy.bincount and numpy.add.at."""
        return numpy.repeat(numpy.arange(len(self.counts)), numpy.maximum(self.counts, 0))


def prepare():
    """Has NumPy load what it loads when it is first used."""
    values = numpy.ma.masked_array(numpy.array([1.0, numpy.nan]), mask=[False, True])
    numpy.packbits(numpy.where(numpy.ma.getmaskarray(values), False, values > 0), bitorder="little").tobytes()
    numpy.unique(numpy.array(["a", "b"]), return_inverse=True)
    str(numpy.where(numpy.isposinf(values), values, 0).tolist())


def _null(cells, leaf, count):
    if leaf.number is None:
        return numpy.ones(count, dtype=bool)
    return (cells.array(leaf.number, count).view("i8") >> 32) == NULL_HIGH


_ABSENT = {"number": numpy.nan, "int": 0, "boolean": False, "long": 0, "string": ""}


def _values(cells, leaf, count):
    kind = leaf.kind
    if leaf.number is None:
        values = numpy.full(count, _ABSENT.get(kind))
        return numpy.ma.masked_array(values, mask=True) if kind in ("int", "boolean", "long", "string") else values
    values = cells.array(leaf.number, count)
    if kind == "number":
        return values
    null = _null(cells, leaf, count)
    if kind == "long":
        return numpy.ma.masked_array(values.view("i8"), mask=null)
    if kind == "binary":
        blobs = numpy.empty(count, dtype=object)
        blobs[:] = [None if missing else cells.blob(value) for value, missing in zip(values, null)]
        return blobs
    known = numpy.where(null, 0, values)
    plain = known == 1 if kind == "boolean" else known.astype("i8") if kind == "int" else _texts(cells, known)
    return numpy.ma.masked_array(plain, mask=null) if null.any() else plain


def _texts(cells, references):
    """Code points are characters as they are; each longer text is read once, however often it is there."""
    if (references >= 0).all():
        return references.astype("u4").view("U1")
    distinct, places = numpy.unique(references, return_inverse=True)
    return numpy.array([cells.string(reference) for reference in distinct])[places]
