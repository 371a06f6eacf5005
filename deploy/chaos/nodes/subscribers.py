"""What subscribers of a run of nodes found: one that reads every source that the API names of each topic, and those that follow by the command line."""
import collections
import json
import os
import ssl
import time
import urllib.error
import urllib.request

from deliveries import delivery, row_of
from topic_tail import BrokerTail, NotReadable

PAUSE_SECONDS = 1
ANSWER_SECONDS = 60


class Api:
    """As the filters' author."""

    def __init__(self, plan):
        self.url, self.token = plan["apiUrl"], plan["token"]
        self.trust = ssl.create_default_context(cadata=plan["hub"]["ca"])

    def get(self, path):
        """The answer, or None while, or where, there is none."""
        request = urllib.request.Request(self.url + path, headers={"authorization": f"Bearer {self.token}"})
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS, context=self.trust) as response:
                return json.loads(response.read())
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            return None


class Found:
    """What one subscriber found of one filter."""

    def __init__(self, entry, how):
        self.entry, self.how, self.label = entry, how, f"{how} of {entry['name']}"
        self.by_visit = collections.defaultdict(list)

    def add(self, visit, row, mirror):
        self.by_visit[visit].append({**row, "mirror": mirror})

    def mirror_of(self, visit):
        rows = self.by_visit.get(visit)
        return rows[0]["mirror"] if rows else None

    def on(self, mirror):
        return [row for rows in self.by_visit.values() for row in rows if row["mirror"] == mirror]


class SourcesReader:
    """Reads each source that the API names of each topic, from its beginning, as one Kafka user of the author."""

    def __init__(self, plan, api):
        self.api, self.login, self.group = api, plan["login"], plan["login"]["user"]
        self.found = {f"filter.{entry['id']}": Found(entry, "sources") for entry in plan["filters"]}
        self.tails, self.mirrors = {}, {}
        self.limit = plan["limitSeconds"]

    def sources(self, topic):
        deadline = time.monotonic() + self.limit
        while (page := self.api.get(f"/v1/topics/{topic}")) is None:
            if time.monotonic() > deadline:
                raise SystemExit(f"the API does not say where {topic} is")
            time.sleep(PAUSE_SECONDS)
        return page["sources"]

    def follow(self, topic, source):
        bootstrap = source["bootstrap"]
        if bootstrap not in self.tails:
            access = {"bootstrap": bootstrap, "ca": source["security"]["ca"], **self.login}
            self.tails[bootstrap], self.mirrors[bootstrap] = BrokerTail(access, group=self.group), source["mirror"]
        deadline = time.monotonic() + self.limit
        while True:
            try:
                return self.tails[bootstrap].follow(topic)
            except NotReadable as why:
                # Its user may be on its way there.
                if time.monotonic() > deadline:
                    raise SystemExit(f"{topic} cannot be read on {source['mirror']}: {why}") from why
                time.sleep(PAUSE_SECONDS)

    def read(self):
        """All that is committed now."""
        named = set()
        for topic in self.found:
            for source in self.sources(topic):
                named.add(source["bootstrap"])
                self.follow(topic, source)
        for bootstrap in set(self.tails) - named:
            self.tails.pop(bootstrap).close()
        for bootstrap, tail in self.tails.items():
            for message in tail.new():
                self.found[message.topic()].add(*row_of(message), self.mirrors[bootstrap])


def read_followed(entry, file):
    """What `skysieve topic consume` has printed so far."""
    found = Found(entry, "consume")
    if not os.path.exists(file):
        return found
    with open(file) as lines:
        for line in lines:
            # The last may be on its way.
            if line.endswith("\n"):
                said = json.loads(line)
                found.add(int(said["visit"]), delivery(said["headers"], int(said["offset"]), None), said["mirror"])
    return found
