"""What each filter of a chaos run says to an alert: None for no, True for yes, a number for yes with that score, FAILS for an exception."""
import math

from example_rules import RULES as EXAMPLES

FAILS = "fails"


def alert_id(alert):
    return alert["diaSource"]["diaSourceId"]


def signal(alert):
    """As JavaScript divides: null counts as 0, and a score has to be finite."""
    source = alert["diaSource"]
    flux, error = source["psfFlux"] or 0, source["psfFluxErr"] or 0
    if error == 0:
        return FAILS if abs(flux) > 0 else None
    score = abs(flux / error)
    return FAILS if math.isinf(score) else score if score > 0 else None


def thrower(alert):
    if alert_id(alert) % 3 == 0:
        return FAILS
    return True if alert_id(alert) % 5 == 1 else None


OWN = {
    "everything": lambda alert: True,
    "every-tenth": lambda alert: True if alert_id(alert) % 10 == 0 else None,
    "first-only": lambda alert: True if alert["diaSource"]["visit"] > 0 else None,
    "brightest": signal,
    "brightest-many": signal,
    "ties": lambda alert: 1 + alert_id(alert) % 7,
    "thrower": thrower,
    "looper": lambda alert: True,
    "python-every-tenth": lambda alert: True if alert_id(alert) % 10 == 3 else None,
    "python-ties": lambda alert: 1 + alert_id(alert) % 11,
}


def rule_of(name):
    """The rule of a filter by its name, which may end in a number; a KeyError for a filter that has none here."""
    kind, _, number = name.rpartition("-")
    kind = kind if number.isdigit() else name
    if kind in OWN:
        return OWN[kind]
    example = EXAMPLES[kind]
    return lambda alert: True if example(alert) else None
