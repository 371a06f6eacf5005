"""A whole batch as NumPy columns, for filters that write filter_batch(self, alerts)."""
import numpy

from alerts.cells import NULL_HIGH
from alerts.nullable import Whole, nullable
from alerts.record_tree import Listed, Node, missing_of
from alerts.records import NoAttribute, NoField


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
        return self[name].filled(value)


class Columns(_Named):
    """
    `alerts["diaSource"]["psfFlux"]` is an array with a value for each alert: a plain one, or a masked one in a batch that has nulls there, whatever its
    kind. What hangs on a null is masked and passes no filter. `np.isnan` is true of nulls and of NaNs, `alerts["diaSource"].null("psfFlux")` of nulls alone;
    `alerts["diaSource"].filled("band", "?")`, and `.filled("?")` of the array, has something else instead.
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
    values = nullable(numpy.array([1.0, numpy.nan]), numpy.array([False, True]))
    str(numpy.where(numpy.isnan(values) | (values > 0) & ~(values != 1), values**2, values.filled(0).astype(int)).tolist())
    numpy.packbits(numpy.where(numpy.ma.getmaskarray(values), False, values.data > 0), bitorder="little").tobytes()
    numpy.unique(numpy.array(["a", "b"]), return_inverse=True)
    values.mean(), numpy.isposinf(values.data).any()


def _null(cells, leaf, count):
    if leaf.number is None:
        return numpy.ones(count, dtype=bool)
    return (cells.array(leaf.number, count).view("i8") >> 32) == NULL_HIGH


_ABSENT = {"number": numpy.nan, "int": 0, "boolean": False, "long": 0, "string": "", "binary": None}


def _values(cells, leaf, count):
    kind = leaf.kind
    if leaf.number is None:
        return nullable(numpy.full(count, _ABSENT[kind]), numpy.ones(count, dtype=bool))
    values = cells.array(leaf.number, count)
    # A null is a NaN in all kinds but this one: most columns have none.
    if kind != "long" and (least := values.min(initial=0.0)) == least:
        return _plain(cells, kind, values).view(Whole)
    null = _null(cells, leaf, count)
    if not null.any():
        return _plain(cells, kind, values).view(Whole)
    if kind == "number":
        return nullable(values, null)
    if kind == "long":
        return nullable(numpy.where(null, 0, values.view("i8")), null)
    present = _plain(cells, kind, values[~null])
    spread = numpy.full(count, _ABSENT[kind], dtype=present.dtype)
    spread[~null] = present
    return nullable(spread, null)


def _plain(cells, kind, values):
    if kind == "number":
        return values
    if kind == "long":
        return values.view("i8")
    if kind == "binary":
        blobs = numpy.empty(len(values), dtype=object)
        blobs[:] = [cells.blob(value) for value in values]
        return blobs
    return values == 1 if kind == "boolean" else values.astype("i8") if kind == "int" else _texts(cells, values)


def _texts(cells, references):
    """Code points are characters as they are; each longer text is read once, however often it is there."""
    if (references >= 0).all():
        return references.astype("u4").view("U1")
    distinct, places = numpy.unique(references, return_inverse=True)
    return numpy.array([cells.string(reference) for reference in distinct])[places]
