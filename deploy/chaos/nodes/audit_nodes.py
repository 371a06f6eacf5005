"""Audits a run of nodes by the rules of ../audit: what two kinds of subscribers found, wherever each visit was evaluated, and what was reported of it. It runs
beside the operator, and reads what a node has before that is taken away. Shares no code with the platform.

stdin: lines of JSON, first the plan of audit-nodes.ts, then {"leave": node} or {"audit": true}; stdout: a line of JSON for each of the latter.
"""
import collections
import hashlib
import json
import pathlib
import sys
import time
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "audit"))

from broker_log import BrokerLog
from counters import Reports, differences
from deliveries import Reached, Tally, audit_visit
from played import audit_hub, read_packets
from recovery import quantiles
from subscribers import Api, SourcesReader, read_followed
from topic_tail import TopicTail

GAPS_TOPIC = "skysieve.mirror-gaps"
KINDS = "lost", "duplicated", "overCap", "wrongCounters", "wrongDeliveries"
PROBLEMS_SHOWN = 40
PAUSE_SECONDS = 2
CALLS = 6


class Machine:
    """A node: which packets came there, and what it says that it never got."""

    def __init__(self, plan, node):
        self.name, self.data = node["name"], node["data"]
        self.alerts, self.gaps = TopicTail(node["access"], plan["topic"]), TopicTail(node["access"], GAPS_TOPIC)
        self.came, self.missing = {}, 0
        self.is_here = True

    def read(self):
        if not self.is_here:
            return
        for message in self.alerts.new():
            self.came.setdefault(hashlib.sha256(message.value()).hexdigest(), f"{message.topic()}-{message.partition()}-{message.offset()}")
        self.missing += sum(1 for _ in self.gaps.new())

    def leave(self):
        self.is_here = False
        self.alerts.close()
        self.gaps.close()


class Run:
    def __init__(self, plan):
        self.plan, self.api = plan, Api(plan)
        self.reader = SourcesReader(plan, self.api)
        self.machines = {node["name"]: Machine(plan, node) for node in plan["nodes"]}
        self.reports = Reports(plan)
        self.snapshot = {}

    def read(self):
        self.reader.read()
        self.reports.read()
        for machine in self.machines.values():
            machine.read()

    def say(self, filter_id, visit):
        return self.api.get(f"/v1/filters/{filter_id}/visits/{visit}")

    def leave(self, name):
        """Reads all that there is of a node which is about to be taken away; says what each follower is still to print of it."""
        self.read()
        left = [found for found in self.reader.found.values() if found.on(name)]
        visits = {visit for found in left for visit in found.by_visit}
        # What others evaluate can be asked later.
        asked = [(found.entry["id"], visit) for found in left for visit in visits if found.mirror_of(visit) in (name, None)]
        with ThreadPoolExecutor(CALLS) as pool:
            for key, said in zip(asked, pool.map(lambda key: self.say(*key), asked)):
                if said is not None:
                    self.snapshot[key] = said
        deadline = time.monotonic() + self.plan["limitSeconds"]
        followed = self.plan["followed"]
        while time.monotonic() < deadline:
            behind = [topic for topic, file in followed.items()
                      if {row["offset"] for row in self.reader.found[topic].on(name)}
                      - {row["offset"] for row in read_followed(self.reader.found[topic].entry, file).on(name)}]
            if not behind:
                break
            time.sleep(PAUSE_SECONDS)
        self.machines[name].leave()
        self.reports.leave(name)
        return {"deliveries": sum(len(found.on(name)) for found in left), "filters": len(left), "behind": behind}

    def followers(self):
        return [read_followed(self.reader.found[topic].entry, file) for topic, file in self.plan["followed"].items()]

    def wrong_counter(self, found, visit, packets):
        """None where what was reported last, or what the API says, or said before the node was taken away, is true."""
        key = found.entry["id"], visit
        differs = "not reported"
        for ask in (lambda: self.reports.visits.get(key), lambda: self.say(*key), lambda: self.snapshot.get(key)):
            said = ask()
            if said is not None:
                differs = differences(found, visit, packets, said, self.reports)
                if not differs:
                    return None
        return f"{found.entry['name']} visit {visit}: {differs}"

    def compare(self, packets, held, logs):
        tally, hub = Tally(), {}
        for packet in packets:
            hub.setdefault(packet.alert, packet)
        audit_hub(tally, self.plan, packets, held)
        by_visit = Reached(packets).by_visit
        alert_of = {packet.sha: packet.alert for packet in packets}
        arrivals = {name: {alert_of[sha]: place for sha, place in machine.came.items() if sha in alert_of}
                    for name, machine in self.machines.items()}
        for found in [*self.reader.found.values(), *self.followers()]:
            for visit in sorted(set(by_visit) | set(found.by_visit)):
                name = found.mirror_of(visit)
                audit_visit(tally, self.plan, found, visit, by_visit[visit], hub, logs.get(name), arrivals.get(name, {}), 0)
        for found in self.reader.found.values():
            state = self.reports.status.get(found.entry["id"], {}).get("state")
            tally.add("wrongCounters", f"{found.entry['name']} is {state}, not live", 0 if state == "live" else 1)
            for visit, of_visit in sorted(by_visit.items()):
                wrong = self.wrong_counter(found, visit, of_visit)
                tally.add("wrongCounters", wrong, 1 if wrong else 0)
        for name, machine in self.machines.items():
            tally.add("lost", f"{name} says that it never got some packets", machine.missing)
        return tally, hub

    def audit(self):
        plan = self.plan
        packets, held = read_packets(plan)
        deadline = time.monotonic() + plan["limitSeconds"]
        while True:
            self.read()
            logs = {name: BrokerLog(machine.data) for name, machine in self.machines.items()}
            tally, hub = self.compare(packets, held, logs)
            if not tally.problems or time.monotonic() > deadline:
                break
            time.sleep(PAUSE_SECONDS)
        sent_ms = {alert: packet.sent_ms for alert, packet in hub.items()}
        trips = collections.defaultdict(list)
        for topic, found in self.reader.found.items():
            for row in (row for rows in found.by_visit.values() for row in rows):
                if found.entry["policy"] == "first" and row["alert"] in sent_ms:
                    trips[row["mirror"]].append((sent_ms[row["alert"]], logs[row["mirror"]].time(topic, 0, row["offset"])))
        latency = quantiles(trips)
        counts = collections.Counter(row["mirror"] for found in self.reader.found.values() for rows in found.by_visit.values() for row in rows)
        return {"hubPackets": len(packets), "deliveries": sum(counts.values()), "deliveriesByNode": counts,
                "followedDeliveries": sum(len(rows) for found in self.followers() for rows in found.by_visit.values()),
                **{kind: tally.counts[kind] for kind in KINDS}, "latencyMs": latency, "problems": tally.problems[:PROBLEMS_SHOWN]}


def main():
    run = Run(json.loads(sys.stdin.readline()))
    for line in sys.stdin:
        said = json.loads(line)
        print(json.dumps(run.leave(said["leave"]) if "leave" in said else run.audit()), flush=True)


if __name__ == "__main__":
    main()
