"""
Runs every idiom on our records and on fastavro's dicts of the same packets, and prints how many it compared and what differed. Input: JSON with the
schema, the packets, the batch that was made of them and where the guest's modules lie.
"""
import base64
import io
import json
import math
import random
import sys

import fastavro

asked = json.load(sys.stdin)
sys.path.insert(0, asked["guest"])
from alerts.cells import Cells
from alerts.frame_layout import place
from alerts.record_tree import numbers_of, tree_of
from alerts.records import record_class
from alerts.wanted_columns import Reached, Wants
from generated import Expressions
from idioms import IDIOMS

SEED, GENERATED = 20, asked["expressions"]
TRIES = 12

schema = fastavro.parse_schema(json.loads(asked["schema"]))
cells = Cells(asked["ring"])


def decoded(row):
    return fastavro.schemaless_reader(io.BytesIO(base64.b64decode(asked["packets"][row])), schema, None)


def known(value):
    """A value in a form that tells every difference that an author can see: types, order, NaN."""
    if isinstance(value, dict):
        return ["dict", [[known(name), known(each)] for name, each in value.items()]]
    if isinstance(value, (list, tuple)):
        return [type(value).__name__, [known(each) for each in value]]
    if isinstance(value, (set, frozenset, type({}.keys()))):
        return ["set", sorted(map(repr, value))]
    if isinstance(value, float):
        return ["float", "nan" if math.isnan(value) else value.hex()]
    if isinstance(value, bytes):
        return ["bytes", bytes(value)]
    if isinstance(value, type):
        return ["type", next(name for name in (each.__name__ for each in value.__mro__) if name not in ("Record", "Cutout"))]
    return [type(value).__name__, repr(value)]


def outcome(idiom, alert):
    try:
        return known(idiom(alert))
    except Exception as error:
        return ["raised", type(error).__name__, known(error.args) if isinstance(error, KeyError) else None]


def columns_of(texts, offers):
    return {
        "columns": [column for column in offers["columns"] if column["path"] in texts],
        "lists": [
            {"path": listed["path"], "columns": [column for column in listed["columns"] if f"{listed['path']}[].{column['path']}" in texts]}
            for listed in offers["lists"]
            if any(text == listed["path"] or text.startswith(f"{listed['path']}[].") for text in texts)
        ],
    }


def learned(idiom, row, texts):
    """The outcome on our record, run again with what it reached until it reaches nothing; and how often it was run."""
    wants = Wants()
    for tries in range(1, TRIES):
        cells.begin(at)
        reads = columns_of(texts, asked["set"])
        cells.arrange(numbers_of(reads, asked["set"]))
        tree = tree_of(reads, asked["set"], reads)
        alert = dict.__new__(record_class(tree, cells, wants))
        alert._i = cells.base + row
        wants.begin()
        try:
            found = outcome(idiom, alert)
        except Reached:
            found = None
        if not wants:
            return found, tries
        more = set(wants.take())
        assert not more & texts, f"wants what it has: {more & texts}"
        # The presence of a record comes with whatever is read in it.
        parts = [text.split(".") for text in more]
        texts = texts | more | {".".join(names[:count]) for names in parts for count in range(1, len(names))}
    return ["never done"], TRIES


at = place(asked["set"], asked["message"])
names = {}
for path in [column["path"] for column in asked["set"]["columns"]]:
    *record, name = path.split(".")
    names.setdefault(".".join(record), []).append(name)
for listed in asked["set"]["lists"]:
    names[f"{listed['path']}[]"] = [column["path"] for column in listed["columns"]]

chance = random.Random(SEED)
expressions = Expressions(chance, names)
generated = [expressions.make() for _ in range(GENERATED)]
described = [(f"IDIOMS[{number}]", idiom) for number, idiom in enumerate(IDIOMS)]
described += [(text, eval(f"lambda alert: {text}", {})) for text in generated]
every = [column["path"] for column in asked["set"]["columns"]]
every += [text for listed in asked["set"]["lists"] for text in [listed["path"], *(f"{listed['path']}[].{column['path']}" for column in listed["columns"])]]

compared, most, raised, differences = 0, 0, 0, []
for number, (text, idiom) in enumerate(described):
    for row in range(asked["message"]["rows"]) if number < len(IDIOMS) else [chance.randrange(asked["message"]["rows"])]:
        expected = outcome(idiom, decoded(row))
        # What is carried at first is a guess: nothing, some of it, or all.
        guess = set(chance.sample(every, chance.choice([0, len(every) // 20, len(every) // 2, len(every)])))
        found, tries = learned(idiom, row, guess | {path for path in every if "." not in path and any(other.startswith(path + ".") for other in guess)})
        compared, most, raised = compared + 1, max(most, tries), raised + (expected[0] == "raised")
        if found != expected:
            differences.append({"idiom": text, "row": row, "expected": repr(expected)[:300], "found": repr(found)[:300]})
print(json.dumps({"compared": compared, "raised": raised, "mostRuns": most, "differences": differences[:20]}))
