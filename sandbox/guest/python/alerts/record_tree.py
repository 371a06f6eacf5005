"""Which fields a filter's records have, and which of a batch's columns hold them: the tree its alerts and columns are made of."""
import math
from dataclasses import dataclass


@dataclass
class Leaf:
    """A field with one column."""

    kind: str
    """Place in `Place.columns`; None where the batch lacks the column, which then reads as null."""
    number: int | None
    """How the field is named to the trusted side when it is wanted: `diaSource.psfFlux`, `prvDiaSources[].psfFlux`."""
    text: str
    """Whether the filter gets this column at all; if not, it has to be fetched before the field can be read."""
    carried: bool


@dataclass
class Node:
    """A record: its fields by name, in the schema's order, and the column that says whether it is there (None: it always is)."""

    fields: dict
    present: Leaf | None = None


@dataclass
class Listed:
    """An array of records. Its length is in two columns that come with it."""

    item: Node
    starts: int | None
    counts: int | None
    text: str
    carried: bool


def tree_of(reads, offers, layout):
    """
    The records of a filter that gets the columns of `reads`, of all that `offers` has: a `Node`. Fields of `reads` that are not on offer come last.
    """
    columns, lists = _numbers(layout)
    root = Node({})
    carried = {listed["path"]: listed["columns"] for listed in reads["lists"]}
    offered = {listed["path"]: listed for listed in offers["lists"]}
    places = {path: listed.get("after", len(offers["columns"])) for path, listed in offered.items()}
    waiting = sorted({**offered, **carried}, key=lambda path: places.get(path, math.inf))

    def plant_lists(before):
        while waiting and places.get(waiting[0], math.inf) <= before:
            path = waiting.pop(0)
            starts, known = lists.get(path, (None, {}))
            item = Node({})
            for column, is_carried in _merged(carried.get(path, ()), offered.get(path, {}).get("columns", ())):
                _plant(item, column, is_carried, known, f"{path}[].")
            *names, name = path.split(".")
            counts = None if starts is None else starts + 1
            _branch(root, names).fields[name] = Listed(item, starts, counts, path, path in carried)

    for place, (column, is_carried) in enumerate(_merged(reads["columns"], offers["columns"])):
        plant_lists(place)
        _plant(root, column, is_carried, columns, "")
    plant_lists(math.inf)
    return root


def numbers_of(reads, layout):
    """Where a batch of `layout` has the columns of `reads`, in their order, with starts and counts of each list; None where it lacks one."""
    columns, lists = _numbers(layout)
    numbers = [columns.get((column["path"], column["kind"])) for column in reads["columns"]]
    for listed in reads["lists"]:
        starts, own = lists.get(listed["path"], (None, {}))
        numbers += [starts, None if starts is None else starts + 1]
        numbers += [own.get((column["path"], column["kind"])) for column in listed["columns"]]
    return None if None in numbers else numbers


def missing_of(node, deep=False):
    """How the fields of a record are named that it does not carry; `deep`: also those of the records and lists within."""
    texts = []
    for field in node.fields.values():
        if isinstance(field, Node):
            if field.present is not None and not field.present.carried:
                texts.append(field.present.text)
            if deep:
                texts += missing_of(field, True)
            continue
        if not field.carried:
            texts.append(field.text)
        if deep and isinstance(field, Listed):
            texts += missing_of(field.item, True)
    return texts


def _merged(reads, offers):
    """(column, whether it is carried) of every path, those of `offers` first."""
    carried = {column["path"]: column for column in reads}
    for column in offers:
        own = carried.pop(column["path"], None)
        yield own or column, own is not None
    for column in carried.values():
        yield column, True


def _numbers(layout):
    columns = {(column["path"], column["kind"]): number for number, column in enumerate(layout["columns"])}
    lists, count = {}, len(layout["columns"])
    for listed in layout["lists"]:
        own = {(column["path"], column["kind"]): count + 2 + number for number, column in enumerate(listed["columns"])}
        lists[listed["path"]] = (count, own)
        count += 2 + len(own)
    return columns, lists


def _branch(node, names):
    for name in names:
        node = node.fields.setdefault(name, Node({}))
    return node


def _plant(root, column, carried, numbers, prefix):
    path, kind = column["path"], column["kind"]
    *names, name = path.split(".")
    leaf = Leaf(kind, numbers.get((path, kind)), prefix + path, carried)
    if kind == "present":
        _branch(root, [*names, name]).present = leaf
    else:
        _branch(root, names).fields[name] = leaf
