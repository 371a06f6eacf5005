"""Whether the archive has every packet of the hub, byte for byte, and whether each was announced once. Reads the objects' files and the notices itself."""
import collections
import gzip
import hashlib
import io
import json
import os

import fastavro

from topic_tail import TopicTail

PREFIX_DIGITS = 6
FRAME_BYTES = 5


class Archived:
    def __init__(self, plan):
        self.folder = plan["archive"]
        self.schema = fastavro.parse_schema(json.loads(plan["noticeSchema"]))
        self.tail = TopicTail(plan["hub"], plan["noticesTopic"])
        self.notices = collections.Counter()
        self.shas = {}

    def read(self):
        for message in self.tail.new():
            notice = fastavro.schemaless_reader(io.BytesIO(message.value()[FRAME_BYTES:]), self.schema)
            self.notices[notice["alertId"]] += 1

    def sha_of(self, alert):
        """Of the packet that is archived under the id; None where there is none. An object never changes, so each is read once."""
        if alert not in self.shas:
            path = os.path.join(self.folder, "v2", "alerts", str(alert)[:PREFIX_DIGITS], f"{alert}.avro.gz")
            if not os.path.exists(path):
                return None
            with gzip.open(path) as file:
                self.shas[alert] = hashlib.sha256(file.read()).hexdigest()
        return self.shas[alert]

    def audit(self, tally, hub):
        """`hub`: alert -> the first packet that the hub has of it."""
        for alert, packet in hub.items():
            sha = self.sha_of(alert)
            if sha != packet.sha:
                tally.add("notArchived", f"{alert} {'is not in the archive' if sha is None else 'has other bytes in the archive'}")
            if self.notices[alert] != 1:
                tally.add("wrongNotices", f"{alert} was announced {self.notices[alert]} times")
        for alert in set(self.notices) - set(hub):
            tally.add("wrongNotices", f"{alert} was announced and is not in the hub")
