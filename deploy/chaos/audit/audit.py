"""Audits a chaos run: decodes every packet that the hub acknowledged with fastavro, applies the rules of chaos_rules.py, and compares with what a
read_committed reader finds on the nodes, with what the nodes reported, and with the archive and its notices. Shares no code with the engine.

stdin: the plan of audit.ts; stdout: one JSON object. What is still to come may take plan["limitSeconds"].
"""
import collections
import json
import sys
import time

from archived import Archived
from broker_log import BrokerLog
from counters import Reports, wrong_counters
from deliveries import Reached, Tally, audit_visit, row_of
from gaps import Gaps
from played import audit_hub, read_packets
from recovery import quantiles, recoveries, takeovers
from topic_tail import TopicTail

PROBLEMS_SHOWN = 40
KINDS = "lost", "duplicated", "overCap", "wrongCounters", "wrongDeliveries", "notArchived", "wrongNotices"
PAUSE_SECONDS = 2


class Delivered:
    """What a subscriber of one filter finds."""

    def __init__(self, plan, entry, node):
        self.entry, self.node = entry, node
        self.topic, self.label = f"filter.{entry['id']}", entry["name"]
        self.tail = TopicTail(node["access"], self.topic)
        self.by_visit = collections.defaultdict(list)
        self.count = 0

    def read(self):
        for message in self.tail.new():
            visit, row = row_of(message)
            self.count += 1
            self.by_visit[visit].append(row)


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
    """(sent to the hub, readable by a subscriber) of every packet, for each (node, filter that passes everything)."""
    trips = {}
    for delivered in filters:
        if delivered.entry["name"].startswith("everything-"):
            node = delivered.node["name"]
            sent_ms = reached[node].sent_ms
            trips[node, delivered.entry["name"]] = [
                (sent_ms[row["alert"]], logs[node].time(delivered.topic, 0, row["offset"]))
                for rows in delivered.by_visit.values() for row in rows if row["alert"] in sent_ms]
    return trips


def by_node(trips):
    """Those of all filters of a node together."""
    of_node = collections.defaultdict(list)
    for (node, _), of_filter in trips.items():
        of_node[node].extend(of_filter)
    return of_node


def main():
    plan = json.load(sys.stdin)
    nodes = {node["name"]: node for node in plan["nodes"]}
    packets, held = read_packets(plan)
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
    by_filter = trips_of(filters, reached, logs)
    trips = by_node(by_filter)
    recovered = recoveries(plan["struck"], trips)
    print(json.dumps({
        "hubPackets": len(packets), "hubTwice": len(packets) - len(hub), "deliveries": sum(d.count for d in filters),
        "gapAlerts": {name: of.count() for name, of in gaps.items()},
        **{kind: tally.counts[kind] for kind in KINDS},
        "latencyMs": quantiles(trips), "recoveries": recovered, "takeovers": takeovers(plan["struck"], by_filter),
        "recoverSecondsMax": max([0, *(r["seconds"] for r in recovered)]), "problems": tally.problems[:PROBLEMS_SHOWN]}))


if __name__ == "__main__":
    main()
