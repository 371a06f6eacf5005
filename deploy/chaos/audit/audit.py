"""Audits a chaos run: decodes every packet that the hub acknowledged with fastavro, applies the rules of chaos_rules.py, and compares with what a
read_committed reader finds on the nodes, with what the nodes reported, and with the archive and its notices. Shares no code with the engine.

stdin: the plan of audit.ts; stdout: one JSON object. What is still to come may take plan["limitSeconds"].
"""
import collections
import hashlib
import json
import multiprocessing
import sys
import time

from archived import Archived
from best_visits import expected_best
from broker_log import BrokerLog
from chaos_rules import FAILS
from counters import wrong_counters
from gaps import Gaps
from played import audit_hub, read_hub, read_played
from recovery import quantiles, recoveries
from topic_tail import TopicTail

PROBLEMS_SHOWN = 40
KINDS = "lost", "duplicated", "overCap", "wrongCounters", "wrongDeliveries", "notArchived", "wrongNotices"
PAUSE_SECONDS = 2
# Packets that were sent so long before another are evaluated before it, whatever stood still in between.
BACKLOG_MS = 37_000
READERS = 2


class Delivered:
    """What a subscriber of one filter finds."""

    def __init__(self, plan, entry, node):
        self.entry, self.node = entry, node
        self.topic = f"filter.{entry['id']}"
        self.tail = TopicTail(node["access"], self.topic)
        self.by_visit = collections.defaultdict(list)
        self.count = 0

    def read(self):
        for message in self.tail.new():
            headers = {key: value.decode() for key, value in message.headers()}
            self.count += 1
            self.by_visit[int(headers["skysieve-visit"])].append({
                "alert": int(headers["skysieve-alert"]), "position": int(headers["skysieve-position"]),
                "source": headers["skysieve-source"], "evaluated": headers["skysieve-evaluated"],
                "offset": message.offset(), "sha": hashlib.sha256(message.value()).hexdigest()})


class Tally:
    def __init__(self):
        self.counts = collections.Counter()
        self.problems = []

    def add(self, kind, text, number=1):
        if number > 0:
            self.counts[kind] += number
            self.problems.append(f"{kind}: {text}")


def audit_visit(tally, plan, delivered, visit, packets, hub, log, arrivals, ends_ms):
    """Compares the deliveries of one filter and visit with what the packets that its node can have got ask for."""
    name, cap, ends_at = delivered.entry["name"], delivered.entry["cap"], int(delivered.entry.get("endsAt", 0))
    where = f"{name} visit {visit}"
    want = {p.alert: p.verdicts[name] for p in packets if p.verdicts.get(name, FAILS) != FAILS and p.visit != ends_at}
    rows = delivered.by_visit.get(visit, [])
    got = {row["alert"] for row in rows}
    tally.add("duplicated", f"{where}: {len(rows) - len(got)} alerts more than once", len(rows) - len(got))
    tally.add("overCap", f"{where}: {len(got)} delivered, the cap is {cap}", len(got) - cap)
    tally.add("wrongDeliveries", f"{where}: not passing: {sorted(got - set(want))[:5]}", len(got - set(want)))
    for row in rows:
        if row["alert"] in hub and row["sha"] != hub[row["alert"]].sha:
            tally.add("wrongDeliveries", f"{where}: the bytes of {row['alert']} differ")
    positions = sorted(row["position"] for row in rows)
    if positions != list(range(1, len(positions) + 1)):
        tally.add("wrongDeliveries", f"{where}: positions are {positions[:25]}")
    if ends_at > 0 and (not packets or max(p.sent_ms for p in packets) > ends_ms - BACKLOG_MS):
        return  # It was suspended meanwhile: what it delivered was to be right, but need not be there.
    if delivered.entry["policy"] == "first":
        tally.add("lost", f"{where}: {len(got & set(want))} of {min(cap, len(want))}", min(cap, len(want)) - len(got & set(want)))
        return
    expected, order, why = expected_best(plan, rows, packets, want, cap, log, arrivals)
    missing, extra = expected - got, (got & set(want)) - expected
    tally.add("lost", f"{where}: missing of the best: {sorted(missing)[:5]}", len(missing))
    tally.add("wrongDeliveries", f"{where}: not among the best: {sorted(extra)[:5]}", len(extra) if not missing else 0)
    tally.add("wrongDeliveries", f"{where}: {why}", 1 if why else 0)
    if not missing and not extra and [r["alert"] for r in sorted(rows, key=lambda r: r["position"])] != order:
        tally.add("wrongDeliveries", f"{where}: not in the order of their scores")


class Reached:
    """What a node can have got: the packets that are in none of its gaps. Of an alert that came twice the first time counts."""

    def __init__(self, packets):
        self.sent_ms, self.by_visit = {}, collections.defaultdict(list)
        for packet in packets:
            self.sent_ms.setdefault(packet.alert, packet.sent_ms)
            self.by_visit[packet.visit].append(packet._replace(sent_ms=self.sent_ms[packet.alert]))


def compare(plan, packets, held, filters, reports, gaps, logs, archived):
    tally, hub = Tally(), {}
    for packet in packets:
        hub.setdefault(packet.alert, packet)
    audit_hub(tally, plan, packets, held)
    reached = {name: Reached(packet for packet in packets if of.has(packet)) for name, of in gaps.items()}
    arrivals = {d.node["name"]: {row["alert"]: row["source"] for rows in d.by_visit.values() for row in rows}
                for d in filters if d.entry["name"].startswith("everything-")}
    for delivered in filters:
        node = delivered.node["name"]
        by_visit = reached[node].by_visit
        ends_ms = min((p.sent_ms for p in by_visit.get(int(delivered.entry.get("endsAt", 0)), [])), default=0)
        for visit in sorted(set(by_visit) | set(delivered.by_visit)):
            audit_visit(tally, plan, delivered, visit, by_visit[visit], hub, logs[node], arrivals[node], ends_ms)
        for text in wrong_counters(delivered, by_visit, reports):
            tally.add("wrongCounters", text)
    for of in gaps.values():
        of.audit(tally, packets)
    archived.audit(tally, hub)
    return tally, hub, reached


def trips_of(filters, reached, logs):
    """(sent to the hub, readable by a subscriber) of every packet, for each node."""
    trips = collections.defaultdict(list)
    for delivered in filters:
        if delivered.entry["name"].startswith("everything-"):
            node = delivered.node["name"]
            sent_ms = reached[node].sent_ms
            trips[node].extend((sent_ms[row["alert"]], logs[node].time(delivered.topic, 0, row["offset"]))
                               for rows in delivered.by_visit.values() for row in rows if row["alert"] in sent_ms)
    return trips


class Reports:
    """What the nodes said: the topic of each one's reports on the hub, and skysieve.over-cap of each node."""

    def __init__(self, plan):
        # Each node has one, and those of former versions share the first.
        self.status_tails = [TopicTail(plan["hub"], "skysieve.status")]
        self.status_tails += [TopicTail(plan["hub"], name) for name in self.status_tails[0].others("skysieve.status.")]
        self.over_cap_tails = [TopicTail(node["access"], "skysieve.over-cap") for node in plan["nodes"]]
        self.status, self.visits, self.nodes = {}, {}, {}
        self.over_cap, self.over_cap_ids = collections.Counter(), collections.defaultdict(list)

    def read(self):
        for message in (message for tail in self.status_tails for message in tail.new()):
            if message.value() is None:
                continue
            status = json.loads(message.value())
            if message.key().startswith(b"node/"):
                # Its first shard speaks of what the node never got.
                if status["shard"] == 0:
                    self.nodes[status["mirror"]] = status
                continue
            self.status[status["filter"]] = status
            for visit in status["visits"]:
                self.visits[status["filter"], int(visit["visit"])] = visit
        for tail in self.over_cap_tails:
            for message in tail.new():
                record = json.loads(message.value())
                key = record["filter"], int(record["visit"])
                self.over_cap[key] = max(self.over_cap[key], record["overCap"])
                self.over_cap_ids[key].extend(int(entry["alert"]) for entry in record["alerts"])


def main():
    plan = json.load(sys.stdin)
    nodes = {node["name"]: node for node in plan["nodes"]}
    tail = TopicTail(plan["hub"], plan["topic"])
    partitions = sorted(tail.partitions)
    tail.close()
    with multiprocessing.Pool(READERS) as pool:
        played = pool.starmap_async(read_played, [(plan, part, READERS) for part in range(READERS)], chunksize=1)
        held = dict(zip(partitions, pool.starmap(read_hub, [(plan, partition) for partition in partitions], chunksize=1)))
        packets = [packet for part in played.get() for packet in part]
    packets += [packet for _, _, more in held.values() for packet in more]
    packets.sort(key=lambda packet: packet.sent_ms)
    filters = [Delivered(plan, entry, nodes[entry["mirror"]]) for entry in plan["filters"]]
    reports, archived = Reports(plan), Archived(plan)
    gaps = {name: Gaps(plan, node) for name, node in nodes.items()}
    deadline = time.monotonic() + plan["limitSeconds"]
    while True:
        for delivered in filters:
            delivered.read()
        reports.read()
        archived.read()
        for name, of in gaps.items():
            of.read(reports.nodes.get(name))
        logs = {name: BrokerLog(node["data"]) for name, node in nodes.items()}
        tally, hub, reached = compare(plan, packets, held, filters, reports, gaps, logs, archived)
        if not tally.problems or time.monotonic() > deadline:
            break
        time.sleep(PAUSE_SECONDS)
    trips = trips_of(filters, reached, logs)
    recovered = recoveries(plan["struck"], trips)
    print(json.dumps({
        "hubPackets": len(packets), "hubTwice": len(packets) - len(hub), "deliveries": sum(d.count for d in filters),
        "gapAlerts": {name: of.count() for name, of in gaps.items()},
        **{kind: tally.counts[kind] for kind in KINDS},
        "latencyMs": quantiles(trips), "recoveries": recovered,
        "recoverSecondsMax": max([0, *(r["seconds"] for r in recovered)]), "problems": tally.problems[:PROBLEMS_SHOWN]}))


if __name__ == "__main__":
    main()
