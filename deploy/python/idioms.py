"""What authors do with a decoded packet: each function gets an alert and says what it found. Those of the first list are written down, the others generated."""
import collections
import copy
import json
import math
import operator
import pickle
import pprint
import string


def matched(record):
    match record:
        case {"midpointMjdTai": float(day), "band": str(band), **rest}:
            return day, band, len(rest), list(rest)[:3]
        case {"midpointMjdTai": float(day)}:
            return day
        case dict():
            return "another record"
        case _:
            return "none"


def keywords(**values):
    return sorted(values)


def names_of_bands(alert):
    found = alert["diaObject"] or {}
    return [found.get(band + "_psfFluxMean") for band in "ugrizy"]


def in_place(alert):
    listed = alert["prvDiaSources"]
    if not listed:
        return None
    alert["prvDiaSources"].sort(key=lambda source: source["midpointMjdTai"], reverse=True)
    return [source["diaSourceId"] for source in alert["prvDiaSources"]], listed is alert["prvDiaSources"]


def reversed_in_place(alert):
    listed = alert.get("prvDiaForcedSources")
    if listed is None:
        return None
    listed.reverse()
    return [source["midpointMjdTai"] for source in alert["prvDiaForcedSources"]][:5]


def tried(alert):
    try:
        return alert["diaSource"]["noSuchField"]
    except KeyError as error:
        return error.args


def all_numbers(alert):
    return sum(value for value in alert["diaSource"].values() if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value))


def unpacked(alert):
    first, *rest = alert["diaSource"]
    return first, len(rest)


def counted(alert):
    return collections.Counter(type(value).__name__ for value in alert["diaSource"].values())


def changed_copy(alert):
    own = dict(alert["diaSource"])
    own["psfFlux"] = 1.0
    del own["band"]
    own.update(extra=2)
    return own["psfFlux"], len(own), alert["diaSource"]["psfFlux"] == own["psfFlux"], "band" in alert["diaSource"]


def deep_copy(alert):
    own = copy.deepcopy(alert["diaObject"])
    return own == alert["diaObject"], type(own)


def shallow_copy(alert):
    own = copy.copy(alert)
    own["mine"] = 1
    return "mine" in own, "mine" in alert, own["diaSource"] == alert["diaSource"], type(own)


IDIOMS = [
    lambda alert: list(alert),
    lambda alert: list(alert["diaSource"]),
    lambda alert: len(alert["diaSource"]),
    lambda alert: bool(alert["diaSource"]),
    lambda alert: bool(alert["ssSource"]),
    lambda alert: bool(alert["prvDiaSources"]),
    lambda alert: alert["diaObject"] is None,
    lambda alert: alert["diaSource"].keys(),
    lambda alert: alert["diaSource"].keys() & {"psfFlux", "nothing"},
    lambda alert: list(alert["diaSource"].items()),
    lambda alert: list(alert["diaSource"].values()),
    lambda alert: {**alert["diaSource"]},
    lambda alert: {**alert["diaSource"], "psfFlux": 0}["psfFlux"],
    lambda alert: dict(alert["diaSource"]),
    lambda alert: dict(alert["diaSource"], psfFlux=5)["psfFlux"],
    lambda alert: dict(alert),
    lambda alert: keywords(**alert["diaSource"]),
    lambda alert: "psfFlux" in alert["diaSource"],
    lambda alert: "noSuchField" in alert["diaSource"],
    lambda alert: alert["diaSource"].get("noSuchField"),
    lambda alert: alert["diaSource"].get("noSuchField", 7),
    lambda alert: alert["diaSource"].get("psfFlux", 7),
    lambda alert: alert["diaSource"]["noSuchField"],
    lambda alert: alert["diaSource"][0],
    lambda alert: alert["diaSource"][["psfFlux"]],
    lambda alert: ["psfFlux"] in alert["diaSource"],
    lambda alert: hash(alert["diaSource"]),
    lambda alert: hasattr(alert["diaSource"], "items"),
    lambda alert: isinstance(alert["diaSource"], dict),
    lambda alert: isinstance(alert["diaSource"], collections.abc.Mapping),
    lambda alert: isinstance(alert["prvDiaSources"], list),
    lambda alert: alert["diaSource"] == dict(alert["diaSource"]),
    lambda alert: dict(alert["diaSource"]) == alert["diaSource"],
    lambda alert: alert["diaSource"] != dict(alert["diaSource"]),
    lambda alert: alert["diaSource"] == alert["diaSource"],
    lambda alert: alert["diaSource"] == None,
    lambda alert: alert["diaSource"] in (alert["prvDiaSources"] or []),
    lambda alert: alert["diaSource"] is alert["diaSource"],
    lambda alert: repr(alert["diaSource"]),
    lambda alert: str(alert["ssSource"]),
    lambda alert: f"{alert['diaSource']['detector']} {alert['diaSource']['psfFlux']} {alert['diaSource']['visit']:d}",
    lambda alert: "%(band)s %(detector)d" % alert["diaSource"],
    lambda alert: "{diaSource[band]} {diaSource[detector]:04d}".format(**alert),
    lambda alert: "{band}".format_map(alert["diaSource"]),
    lambda alert: string.Template("$detector $band").substitute(alert["diaSource"]),
    lambda alert: json.dumps(alert["diaSource"]),
    lambda alert: json.dumps({"own": [alert["diaSource"], alert["ssSource"]]}, sort_keys=True),
    lambda alert: json.loads(json.dumps(alert["diaObject"], indent=1)),
    lambda alert: len(json.dumps(alert, default=lambda value: len(value))),
    lambda alert: pickle.loads(pickle.dumps(alert["diaSource"])),
    lambda alert: len(pprint.pformat(alert["diaSource"])) > 100,
    lambda alert: alert["diaSource"] | {"psfFlux": 1, "own": 2},
    lambda alert: {"psfFlux": 1, "own": 2} | alert["diaSource"],
    lambda alert: list(reversed(alert["diaSource"])),
    lambda alert: sorted(alert["diaSource"]),
    lambda alert: max(alert["diaSource"], key=len),
    lambda alert: next(iter(alert["diaSource"])),
    lambda alert: collections.ChainMap({}, alert["diaSource"])["band"],
    lambda alert: collections.OrderedDict(alert["diaSource"]),
    lambda alert: operator.itemgetter("psfFlux", "band")(alert["diaSource"]),
    lambda alert: list(map(alert["diaSource"].get, ["psfFlux", "band", "x"])),
    lambda alert: set(alert["diaSource"]) - set(alert["diaObject"] or ()),
    lambda alert: matched(alert["diaSource"]),
    lambda alert: matched(alert["ssSource"]),
    lambda alert: [matched(source) for source in alert["prvDiaSources"] or ()],
    lambda alert: alert["diaSource"].copy(),
    lambda alert: alert["diaSource"].setdefault("psfFlux", 3),
    lambda alert: alert["diaSource"].pop("noSuchField", 3),
    lambda alert: alert["diaSource"].pop("noSuchField"),
    lambda alert: list(zip(alert["diaSource"], alert["diaSource"].values())),
    lambda alert: dict.fromkeys(alert["diaSource"]),
    lambda alert: [*alert["diaSource"]],
    lambda alert: any(name.endswith("Err") and (alert["diaSource"][name] or 0) > 5 for name in alert["diaSource"]),
    lambda alert: {name: value for name, value in alert["diaSource"].items() if value is not None},
    lambda alert: [type(value) for value in alert["diaSource"].values()],
    lambda alert: alert["diaSource"]["detector"] // 2 + alert["diaSource"]["visit"] % 7,
    lambda alert: list(range(alert["diaSource"]["detector"] % 5)),
    lambda alert: "abcdefghij"[alert["diaSource"]["detector"] % 10],
    lambda alert: (alert["diaSource"]["diaSourceId"]).bit_length(),
    lambda alert: len(alert["cutoutDifference"] or b""),
    lambda alert: (alert["cutoutDifference"] or b"")[:4],
    lambda alert: isinstance(alert["cutoutDifference"], bytes),
    lambda alert: (alert["prvDiaSources"] or [])[-3:],
    lambda alert: len(alert["prvDiaSources"] or []),
    lambda alert: [*(alert["prvDiaSources"] or []), alert["diaSource"]][-1]["psfFlux"],
    lambda alert: (alert["prvDiaSources"] or []) + [alert["diaSource"]] == [*(alert["prvDiaSources"] or []), alert["diaSource"]],
    lambda alert: (alert["prvDiaSources"] or [alert["diaSource"]])[0] in (alert["prvDiaSources"] or [alert["diaSource"]]),
    lambda alert: alert["prvDiaSources"].index(alert["prvDiaSources"][-1]),
    lambda alert: alert["prvDiaSources"][0] is alert["prvDiaSources"][0],
    lambda alert: [source["psfFlux"] for source in reversed(alert["prvDiaSources"] or [])],
    lambda alert: max(alert["prvDiaSources"] or [alert["diaSource"]], key=lambda source: source["midpointMjdTai"])["diaSourceId"],
    lambda alert: collections.Counter(source["band"] for source in alert["prvDiaSources"] or []),
    lambda alert: sorted((alert["prvDiaSources"] or []), key=operator.itemgetter("midpointMjdTai"))[:1],
    names_of_bands,
    in_place,
    reversed_in_place,
    tried,
    all_numbers,
    unpacked,
    counted,
    changed_copy,
    deep_copy,
    shallow_copy,
]
