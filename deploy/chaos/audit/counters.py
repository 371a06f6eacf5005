"""Whether what was reported of a filter is true: per visit seen, passed, delivered, over the cap, errors; its state; the ids over its cap."""
import collections
import json

from chaos_rules import FAILS
from topic_tail import TopicTail

# Of a visit, the ids of so many alerts over the cap are kept; all are counted.
OVER_CAP_IDS = 1000
STATUS = "skysieve.status"


class Reports:
    """What the nodes said: the topic of each one's reports on the hub, and skysieve.over-cap of each node."""

    def __init__(self, plan):
        # Each node has one, and those of former versions share the first.
        shared = TopicTail(plan["hub"], STATUS)
        self.status_tails = {STATUS: shared} | {name: TopicTail(plan["hub"], name) for name in shared.others(f"{STATUS}.")}
        self.over_cap_tails = {node["name"]: TopicTail(node["access"], "skysieve.over-cap") for node in plan["nodes"]}
        self.status, self.visits, self.nodes = {}, {}, {}
        self.over_cap, self.over_cap_ids = collections.Counter(), collections.defaultdict(list)

    def read(self):
        for message in (message for tail in self.status_tails.values() for message in tail.new()):
            if message.value() is None:
                continue
            status = json.loads(message.value())
            if message.key().startswith(b"node/"):
                # Its first shard speaks of what the node never got.
                if status["shard"] == 0:
                    self.nodes[status["mirror"]] = status
                continue
            # Of a filter that has moved two nodes have spoken.
            if status["updatedAt"] >= self.status.get(status["filter"], status)["updatedAt"]:
                self.status[status["filter"]] = status
            for visit in status["visits"]:
                self.visits[status["filter"], int(visit["visit"])] = visit
        for tail in self.over_cap_tails.values():
            for message in tail.new():
                record = json.loads(message.value())
                key = record["filter"], int(record["visit"])
                self.over_cap[key] = max(self.over_cap[key], record["overCap"])
                self.over_cap_ids[key].extend(int(entry["alert"]) for entry in record["alerts"])

    def leave(self, node):
        """What it has said stays known."""
        for tails, name in (self.over_cap_tails, node), (self.status_tails, f"{STATUS}.{node}"):
            if name in tails:
                tails.pop(name).close()


def wrong_counters(delivered, by_visit, reports):
    """One text for each visit that was reported wrongly, and one for a filter that is not live, or not suspended if it has to be."""
    entry = delivered.entry
    name, filter_id = entry["name"], entry["id"]
    status = reports.status.get(filter_id)
    state = None if status is None else status["state"]
    # Where none of that visit reached the node, nothing ended it.
    should = "suspended" if by_visit.get(int(entry.get("endsAt", 0))) else "live"
    if state != should:
        yield f"{name} is {state}, not {should}: {None if status is None else status.get('reason')}"
    if should == "suspended":
        return
    for visit, packets in sorted(by_visit.items()):
        said = reports.visits.get((filter_id, visit))
        if said is None:
            yield f"{name} visit {visit}: not reported"
            continue
        differs = differences(delivered, visit, packets, said, reports)
        if differs:
            yield f"{name} visit {visit}: {differs}"


def differences(delivered, visit, packets, said, reports):
    """What is untrue of the counts of a visit, and of the ids over its cap; nothing where all is right."""
    entry = delivered.entry
    name, filter_id = entry["name"], entry["id"]
    verdicts = [p.verdicts.get(name) for p in packets]
    errors = sum(verdict == FAILS for verdict in verdicts)
    copies = collections.Counter(p.alert for p in packets if p.verdicts.get(name, FAILS) != FAILS)
    got = {row["alert"] for row in delivered.by_visit.get(visit, [])}
    beyond = set(copies) - got
    passed = sum(copies.values())
    # Of an alert that came twice, `best` may have counted a copy as one that is there already.
    over = range(len(beyond) if entry["policy"] == "best" else sum(copies[a] for a in beyond), sum(copies[a] for a in beyond) + 1)
    true = {"seen": len(packets), "passed": passed, "delivered": len(got), "errors": errors}
    differs = {key: f"{said[key]}, not {value}" for key, value in true.items() if said[key] != value}
    if said["overCap"] not in over:
        differs["overCap"] = f"{said['overCap']}, not {over.start}..{over.stop - 1}"
    ids, total = reports.over_cap_ids[filter_id, visit], reports.over_cap[filter_id, visit]
    if total != said["overCap"]:
        differs["overCapTopic"] = f"{total}, status says {said['overCap']}"
    if len(beyond) < OVER_CAP_IDS and set(ids) != beyond:
        differs["overCapIds"] = f"{len(set(ids) - beyond)} wrong, {len(beyond - set(ids))} missing"
    return differs
