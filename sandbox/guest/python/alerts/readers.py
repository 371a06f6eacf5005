"""How each kind of field is read from the ring: a function of the record that has it. Records and lists are kept in it, so that each is one object."""
from itertools import repeat

from alerts.cells import NULL_HIGH
from alerts.record_tree import Listed, Node

_make, _keep, _kept = dict.__new__, dict.__setitem__, dict.get


def reader_of(name, field, cells, wants, record_class):
    if isinstance(field, Node):
        return _record(name, field, cells, wants, record_class)
    if not field.carried:
        return _reaching(field, wants)
    if isinstance(field, Listed):
        return _list(name, field, cells, wants, record_class)
    return _nothing if field.number is None else _READERS[field.kind](name, field.number, cells)


def _nothing(record):
    return None


def _reaching(field, wants):
    reach, texts = wants.reach, (field.text,)
    return lambda record: reach(texts)


def _record(name, node, cells, wants, record_class):
    inner, present = None, node.present
    if present is not None and not present.carried:
        return _reaching(present, wants)
    column = None if present is None else present.number
    if present is not None and column is None:
        return _nothing
    numbers, at = cells.numbers, cells.at

    def nested(record):
        nonlocal inner
        made = _kept(record, name)
        if made is None:
            i = record._i
            if column is not None and numbers[at[column] + i] != 1:
                return None
            inner = inner or record_class(node, cells, wants)
            made = _make(inner)
            made._i = i
            _keep(record, name, made)
        return made

    return nested


def _list(name, listed, cells, wants, record_class):
    starts, counts = listed.starts, listed.counts
    if starts is None:
        return _nothing
    item, numbers, at = None, cells.numbers, cells.at

    def items(record):
        nonlocal item
        made = _kept(record, name)
        if made is None:
            i = record._i
            count = numbers[at[counts] + i]
            if count < 0:
                return None
            item = item or record_class(listed.item, cells, wants)
            made = list(map(_make, repeat(item, int(count))))
            for k, each in enumerate(made, int(numbers[at[starts] + i]) + cells.base):
                each._i = k
            _keep(record, name, made)
        return made

    return items


def _number(name, column, cells):
    numbers, longs, at = cells.numbers, cells.longs, cells.at

    def number(record):
        value = numbers[at[column] + record._i]
        if value != value:
            if longs[at[column] + record._i] >> 32 == NULL_HIGH:
                return None
            # Containers take a NaN for equal to itself alone.
            return dict.setdefault(record, name, value)
        return value

    return number


def _int(name, column, cells):
    numbers, at = cells.numbers, cells.at

    def whole(record):
        value = numbers[at[column] + record._i]
        return None if value != value else int(value)

    return whole


def _boolean(name, column, cells):
    numbers, at = cells.numbers, cells.at

    def boolean(record):
        value = numbers[at[column] + record._i]
        return None if value != value else value == 1

    return boolean


def _long(name, column, cells):
    longs, at = cells.longs, cells.at

    def long(record):
        value = longs[at[column] + record._i]
        return None if value >> 32 == NULL_HIGH else value

    return long


def _string(name, column, cells):
    numbers, at, string = cells.numbers, cells.at, cells.string

    def text(record):
        value = numbers[at[column] + record._i]
        return None if value != value else string(value)

    return text


def _binary(name, column, cells):
    numbers, at = cells.numbers, cells.at

    def binary(record):
        value = numbers[at[column] + record._i]
        if value != value:
            return None
        return _kept(record, name) or dict.setdefault(record, name, cells.blob(value))

    return binary


_READERS = {
    "number": _number,
    "int": _int,
    "boolean": _boolean,
    "long": _long,
    "string": _string,
    "binary": _binary,
}
