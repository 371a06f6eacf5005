"""The example filters, written a second time: which alerts each passes, by name. Shares no code with them."""
import math

TRANSIENT_SIGMA = 10


def known(value):
    return value is not None and math.isfinite(value)


def measured(source):
    return known(source.get("psfFlux")) and known(source.get("psfFluxErr")) and source["psfFluxErr"] > 0


def priors_in_band(alert):
    band = alert["diaSource"].get("band")
    return [p for p in alert.get("prvDiaSources") or [] if p.get("band") == band and measured(p)]


def bright_new_transients(alert):
    s = alert["diaSource"]
    if alert.get("ssSource") is not None or alert.get("prvDiaSources"):
        return False
    return known(s.get("reliability")) and s["reliability"] > 0.9 and measured(s) and (
        abs(s["psfFlux"]) > TRANSIENT_SIGMA * s["psfFluxErr"])


def supernova_rise(alert):
    s = alert["diaSource"]
    if s.get("band") not in ("g", "r") or not measured(s):
        return False
    priors = priors_in_band(alert)
    if len(priors) < 3 or max(p["psfFlux"] for p in priors) >= s["psfFlux"]:
        return False
    points = [(p["midpointMjdTai"] - s["midpointMjdTai"], p["psfFlux"], p["psfFluxErr"] ** -2) for p in priors + [s]]
    total = sum(w for _, _, w in points)
    day = sum(w * d for d, _, w in points)
    flux = sum(w * f for _, f, w in points)
    spread = total * sum(w * d * d for d, _, w in points) - day * day
    if spread <= 0:
        return False
    slope = (total * sum(w * d * f for d, f, w in points) - day * flux) / spread
    return slope > 5 * math.sqrt(total / spread)


def variable_star(alert):
    priors = priors_in_band(alert)
    if len(alert.get("prvDiaSources") or []) < 10 or len(priors) < 5:
        return False
    above = sum(p["psfFlux"] > 0 for p in priors)
    weights = [p["psfFluxErr"] ** -2 for p in priors]
    mean = sum(w * p["psfFlux"] for w, p in zip(weights, priors)) / sum(weights)
    chi_square = sum(((p["psfFlux"] - mean) / p["psfFluxErr"]) ** 2 for p in priors)
    return 0 < above < len(priors) and chi_square / (len(priors) - 1) > 10


def asteroids(alert):
    moving = alert.get("ssSource")
    if alert.get("diaObject") is not None or moving is None:
        return False
    rate = moving.get("ephRate")
    return not known(rate) or rate == 0 or abs(rate) > 0.05


def red_and_faint(alert):
    s = alert["diaSource"]
    if s.get("band") not in ("r", "i", "z") or not known(s.get("psfFlux")) or not known(s.get("reliability")):
        return False
    if not (0 < s["psfFlux"] < 1000 and s["reliability"] > 0.6):
        return False
    green = (alert.get("diaObject") or {}).get("g_psfFluxMean")
    return not known(green) or s["psfFlux"] > 1.5 * green


def ztf_bright_and_real(alert):
    c = alert["candidate"]
    distance = c.get("ssdistnr")
    near_asteroid = distance is not None and 0 <= distance < 5
    return c["isdiffpos"] in ("t", "1") and c["magpsf"] < 19 and known(c.get("rb")) and c["rb"] > 0.6 and not near_asteroid


def ztf_brightening(alert):
    c = alert["candidate"]
    earlier = [p["magpsf"] for p in alert.get("prv_candidates") or []
               if p.get("candid") is not None and p["fid"] == c["fid"] and p.get("magpsf") is not None]
    return bool(earlier) and c["magpsf"] < sum(earlier) / len(earlier) - 0.5


RULES = {
    "bright-new-transients": bright_new_transients, "supernova-rise": supernova_rise, "variable-star": variable_star,
    "asteroids": asteroids, "red-and-faint": red_and_faint,
    "ztf-bright-and-real": ztf_bright_and_real, "ztf-brightening": ztf_brightening,
}
