"""Reads archived alerts as clients of Rubin's alert database do: requests, gzip, fastavro. URL, token and ids come as JSON on stdin."""
import gzip
import io
import json
import struct
import sys

import fastavro
import requests

given = json.load(sys.stdin)
url, ids = given["url"], given["ids"]
session = requests.Session()
session.headers["Authorization"] = f"Bearer {given['token']}"

assert requests.get(f"{url}/v1/health", timeout=30).content == b"OK"
schemas = {}


def schema_of(schema_id):
    if schema_id not in schemas:
        answer = session.get(f"{url}/v1/schemas/{schema_id}", timeout=30)
        answer.raise_for_status()
        schemas[schema_id] = fastavro.parse_schema(answer.json())
    return schemas[schema_id]


found = []
for alert_id in ids:
    answer = session.get(f"{url}/v1/alerts/{alert_id}", timeout=30)
    answer.raise_for_status()
    packet = gzip.decompress(answer.content)
    magic, schema_id = struct.unpack(">bI", packet[:5])
    assert magic == 0
    alert = fastavro.schemaless_reader(io.BytesIO(packet[5:]), schema_of(schema_id))
    cutout = session.get(f"{url}/v1/alerts/{alert_id}/cutouts/science", timeout=30)
    assert cutout.content == alert["cutoutScience"]
    again = session.get(f"{url}/v1/alerts/{alert_id}", headers={"If-None-Match": answer.headers["ETag"]}, timeout=30)
    assert again.status_code == 304
    found.append(str(alert["diaSourceId"]))

missing = session.get(f"{url}/v1/alerts/1", timeout=30)
assert (missing.status_code, missing.json()) == (404, {"detail": "alert not found"})

many = session.post(f"{url}/v1/alerts:read", json={"ids": ids, "format": "avro"}, timeout=30)
many.raise_for_status()
contained = [str(alert["diaSourceId"]) for alert in fastavro.reader(io.BytesIO(many.content))]
lines = session.post(f"{url}/v1/alerts:read", json={"ids": ids, "fields": ["diaSourceId"]}, timeout=30)
listed = [json.loads(line)["alert"]["diaSourceId"] for line in lines.text.splitlines()]
print(json.dumps({"found": found, "contained": contained, "listed": listed}))
