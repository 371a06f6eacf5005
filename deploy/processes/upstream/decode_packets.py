"""Reads packets as a subscriber does: the schema by the id in the frame, from the registry, and the rest by fastavro."""

import base64
import io
import json
import struct
import sys
import urllib.request

import fastavro

plan = json.load(sys.stdin)
schemas = {}
alerts = []
for text in plan["packets"]:
    packet = base64.b64decode(text)
    magic, schema_id = struct.unpack(">bI", packet[:5])
    assert magic == 0, magic
    if schema_id not in schemas:
        with urllib.request.urlopen(f"{plan['registry']}/schemas/ids/{schema_id}") as answer:
            schemas[schema_id] = fastavro.parse_schema(json.loads(json.load(answer)["schema"]))
    body = io.BytesIO(packet[5:])
    alerts.append(fastavro.schemaless_reader(body, schemas[schema_id]))
    assert body.read() == b"", "bytes are left"
json.dump([{key: str(alert[key]) for key in plan["keys"]} for alert in alerts], sys.stdout)
