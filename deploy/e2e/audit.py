"""Audits a running system from outside: decodes the source packets with fastavro, applies the examples' rules as written here,
and compares with what confluent-kafka reads from the filters' topics. Shares no code with the system.

usage: audit.py PLAN.json      prints one JSON object; exit code 1 when anything differs
PLAN = {"source": dir, "schemas": dir of <major>/<minor>/*.avsc, "stream": "lsst" | "ztf", "cap": 20,
        "filters": [{"name", "id", "bootstrap", "user", "password", "group"}]}
"""
import hashlib
import io
import json
import math
import pathlib
import struct
import sys

import fastavro
from confluent_kafka import Consumer, TopicPartition

TRANSIENT_SIGMA = 10
# Of a visit, the ids of so many alerts over the cap are written; all are counted.
OVER_CAP_IDS = 1000


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


def lsst_schemas(root):
    """Registry id (major * 100 + minor) -> parsed schema; each directory has one file per record."""
    schemas = {}
    for directory in pathlib.Path(root).glob("*/*"):
        major, minor = directory.parent.name, directory.name
        root_name = f"lsst.v{major}_{minor}.alert"
        if (directory / f"{root_name}.avsc").exists():
            schemas[int(major) * 100 + int(minor)] = fastavro.schema.load_schema(str(directory / f"{root_name}.avsc"))
    return schemas


def lsst_packets(source, schemas):
    """Yields (alert id, visit, alert, sha256 of the Avro bytes behind the frame)."""
    for file in sorted(pathlib.Path(source).rglob("*.bin")):
        packet = file.read_bytes()
        schema_id = struct.unpack(">I", packet[1:5])[0]
        if schema_id not in schemas:
            continue
        alert = fastavro.schemaless_reader(io.BytesIO(packet[5:]), schemas[schema_id])
        alert_id = alert.get("diaSourceId", alert.get("alertId"))
        yield alert_id, alert["diaSource"]["visit"], alert, hashlib.sha256(packet[5:]).hexdigest()


def ztf_packets(source):
    for file in sorted(pathlib.Path(source).rglob("*.avro")):
        with file.open("rb") as stream:
            for block in fastavro.block_reader(stream):
                body = block.bytes_.getvalue()
                for alert in block:
                    digest = hashlib.sha256(body).hexdigest() if block.num_records == 1 else None
                    yield alert["candid"], alert["candidate"]["pid"] // 10000, alert, digest


def read_topic(access, topic):
    """All records of a topic that a read_committed reader sees."""
    consumer = Consumer({
        "bootstrap.servers": access["bootstrap"], "security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": access["user"], "sasl.password": access["password"], "group.id": access["group"],
        "isolation.level": "read_committed", "enable.auto.commit": False, "enable.partition.eof": True})
    partitions = consumer.list_topics(topic, timeout=20).topics[topic].partitions
    consumer.assign([TopicPartition(topic, p, 0) for p in partitions])
    records, ended = [], set()
    while len(ended) < len(partitions):
        message = consumer.poll(20)
        if message is None:
            raise SystemExit(f"no answer from {topic} in 20 s")
        if message.error():
            ended.add(message.partition())
        else:
            records.append(message)
    consumer.close()
    return records


def audit(plan):
    lsst = plan["stream"] == "lsst"
    packets = lsst_packets(plan["source"], lsst_schemas(plan["schemas"])) if lsst else ztf_packets(plan["source"])
    passing, digests = {}, {}
    names = [f["name"] for f in plan["filters"]]
    count = 0
    for alert_id, visit, alert, digest in packets:
        if alert_id not in digests:
            count += 1
        digests[alert_id] = digest
        for name in names:
            if RULES[name](alert):
                passing.setdefault((name, visit), set()).add(alert_id)
    over_cap, over_cap_counts = {}, {}
    for access in {f["bootstrap"]: f for f in plan["filters"]}.values():
        for message in read_topic(access, "skysieve.over-cap"):
            record = json.loads(message.value())
            key = record["filter"], int(record["visit"])
            over_cap_counts[key] = max(record["overCap"], over_cap_counts.get(key, 0))
            over_cap.setdefault(key, []).extend(int(entry["alert"]) for entry in record["alerts"])
    problems, visits = [], []
    for entry in plan["filters"]:
        delivered = {}
        for message in read_topic(entry, f"filter.{entry['id']}"):
            headers = {k: v.decode() for k, v in message.headers() or []}
            alert_id, visit = int(headers["skysieve-alert"]), int(headers["skysieve-visit"])
            if alert_id in delivered.setdefault(visit, set()):
                problems.append(f"{entry['name']}: {alert_id} was delivered twice")
            delivered[visit].add(alert_id)
            expected = digests.get(alert_id)
            if expected is not None and hashlib.sha256(message.value()[5:]).hexdigest() != expected:
                problems.append(f"{entry['name']}: the bytes of {alert_id} differ")
        for visit in sorted({v for n, v in passing if n == entry["name"]} | set(delivered)):
            want = passing.get((entry["name"], visit), set())
            got = delivered.get(visit, set())
            over_ids = over_cap.get((entry["id"], visit), [])
            over, over_count = set(over_ids), over_cap_counts.get((entry["id"], visit), 0)
            visits.append({"filter": entry["name"], "visit": str(visit), "passing": len(want), "delivered": len(got), "overCap": len(over)})
            where = f"{entry['name']} visit {visit}"
            if len(over_ids) != min(over_count, OVER_CAP_IDS):
                problems.append(f"{where}: {len(over_ids)} ids over the cap written, {over_count} counted")
            if not got <= want:
                problems.append(f"{where}: delivered but not passing: {sorted(got - want)[:5]}")
            if len(got) != min(plan["cap"], len(want)):
                problems.append(f"{where}: {len(got)} delivered of {len(want)} passing")
            if got | over != want:
                problems.append(f"{where}: delivered and over cap differ from passing: {sorted((got | over) ^ want)[:5]}")
    return {"packets": count, "visits": visits, "problems": problems}


if __name__ == "__main__":
    result = audit(json.loads(pathlib.Path(sys.argv[1]).read_text()))
    print(json.dumps(result))
    sys.exit(1 if result["problems"] else 0)
