"""Whether what a node says it never got is what it has not: its reported gaps in three places, and its own topic of alerts packet by packet."""
import collections
import hashlib
import json
import re
import urllib.request

from topic_tail import TopicTail

GAPS_TOPIC = "skysieve.mirror-gaps"
# The status of a node names the newest.
IN_STATUS = 64
METRIC = "skysieve_mirror_gap_offsets"


class Gaps:
    """What one node reported: its topic of gaps, its status on the hub, its metric."""

    def __init__(self, plan, node):
        self.name, self.topic, self.token, self.urls = node["name"], plan["topic"], plan["metricsToken"], node["metrics"]
        self.tail, self.ranges = TopicTail(node["access"], GAPS_TOPIC), {}
        self.status = None
        self.alerts = TopicTail(node["access"], self.topic) if plan["hubForgets"] else None
        self.there = collections.defaultdict(collections.Counter)

    def read(self, status):
        """status: the node's newest record in its topic of reports."""
        self.status = status
        for message in self.tail.new():
            gap = json.loads(message.value())
            if gap["topic"] == self.topic:
                self.ranges[gap["partition"], int(gap["from"])] = int(gap["to"])
        for message in self.alerts.new() if self.alerts else ():
            self.there[message.partition()][hashlib.sha256(message.value()).hexdigest()] += 1

    def has(self, packet):
        """Whether the packet is in no gap."""
        return not any(packet.partition == partition and start <= packet.offset < end for (partition, start), end in self.ranges.items())

    def count(self):
        return sum(end - start for (_, start), end in self.ranges.items())

    def audit(self, tally, packets):
        said = {(gap["partition"], int(gap["from"])): int(gap["to"]) for gap in (self.status or {}).get("gaps", ())
                if gap["lane"] == "mirror" and gap["topic"] == self.topic}
        if len(self.ranges) <= IN_STATUS and said != self.ranges:
            tally.add("wrongCounters", f"{self.name}: its status names gaps {said}, its topic {self.ranges}")
        if not self.alerts:
            return
        metric = self.metric()
        if metric != self.count():
            tally.add("wrongCounters", f"{self.name}: {METRIC} is {metric}, its gaps have {self.count()} offsets")
        due = collections.defaultdict(collections.Counter)
        for packet in packets:
            if self.has(packet):
                due[packet.partition][packet.sha] += 1
        for partition in sorted(set(due) | set(self.there)):
            missing, extra = due[partition] - self.there[partition], self.there[partition] - due[partition]
            tally.add("lost", f"{self.name} partition {partition}: packets that are neither there nor in a gap", missing.total())
            tally.add("wrongCounters", f"{self.name} partition {partition}: packets that are there and in a gap, or twice", extra.total())

    def metric(self):
        total = 0
        for url in self.urls:
            request = urllib.request.Request(url, headers={"authorization": f"Bearer {self.token}"})
            with urllib.request.urlopen(request, timeout=30) as response:
                found = re.search(rf'^{METRIC}\{{topic="{re.escape(self.topic)}"\}} (\d+)', response.read().decode(), re.MULTILINE)
            total = max(total, int(found[1]) if found else 0)
        return total
