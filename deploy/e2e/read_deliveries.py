"""Reads a filter's topic as a subscriber would: confluent-kafka with SCRAM, the schema by its id from the registry, fastavro.

stdin: {"bootstrap", "user", "password", "topic", "group", "registry"}; stdout: one JSON line per delivery up to the topic's end.
"""
import hashlib
import io
import json
import struct
import sys

import fastavro
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient

plan = json.load(sys.stdin)
registry = SchemaRegistryClient({"url": plan["registry"]})
schemas = {}
consumer = Consumer({
    "bootstrap.servers": plan["bootstrap"], "security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "SCRAM-SHA-512",
    "sasl.username": plan["user"], "sasl.password": plan["password"], "group.id": plan["group"],
    "auto.offset.reset": "earliest", "isolation.level": "read_committed", "enable.partition.eof": True})
consumer.subscribe([plan["topic"]])
ended = set()
while True:
    message = consumer.poll(20)
    if message is None:
        sys.exit("no answer within 20 s")
    if message.error():
        ended.add(message.partition())
        if len(ended) >= len(consumer.list_topics(plan["topic"]).topics[plan["topic"]].partitions):
            break
        continue
    packet = message.value()
    magic, schema_id = struct.unpack(">bI", packet[:5])
    if schema_id not in schemas:
        schemas[schema_id] = fastavro.parse_schema(json.loads(registry.get_schema(schema_id).schema_str))
    alert = fastavro.schemaless_reader(io.BytesIO(packet[5:]), schemas[schema_id])
    headers = {key: value.decode() for key, value in message.headers()}
    print(json.dumps({
        "alert": str(alert["diaSourceId"]), "visit": str(alert["diaSource"]["visit"]), "magic": magic,
        "sha256": hashlib.sha256(packet).hexdigest(), "headers": headers}))
consumer.close()
