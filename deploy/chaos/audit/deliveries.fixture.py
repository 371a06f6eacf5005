"""One visit of one `first` filter as a test tells it, through the audit. stdin: cap, passing alerts and deliveries as JSON; stdout: what it counts."""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from deliveries import Tally, audit_visit
from played import Packet

VISIT = 7


class Found:
    def __init__(self, cap, rows):
        self.label, self.entry = "one", {"name": "one", "cap": cap, "policy": "first"}
        self.by_visit = {VISIT: rows}


said = json.load(sys.stdin)
packets = [Packet(alert, VISIT, alert, f"bytes of {alert}", {"one": True}, 0, alert) for alert in said["passing"]]
rows = [{"alert": alert, "position": position, "sha": sha, "source": "", "evaluated": ""} for alert, position, sha in said["rows"]]
tally = Tally()
audit_visit(tally, {}, Found(said["cap"], rows), VISIT, packets, {packet.alert: packet for packet in packets}, None, {}, 0)
print(json.dumps(tally.counts))
