"""Confluent's own Python client against the registry: what it registers, finds, compares, writes and reads. Prints one line of JSON."""

import json
import sys

from confluent_kafka.schema_registry import Schema, SchemaRegistryClient, SchemaReference
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.serialization import MessageField, SerializationContext

plan = json.load(sys.stdin)
client = SchemaRegistryClient({"url": plan["url"], "basic.auth.user.info": f"anybody:{plan['token']}"})
reader = SchemaRegistryClient({"url": plan["url"]})
said = {}


def refusal(act):
    try:
        act()
    except SchemaRegistryError as error:
        return [error.http_status_code, error.error_code]
    return None


record = {"type": "record", "name": "Alert", "fields": [{"name": "id", "type": "long"}]}
wider = {**record, "fields": record["fields"] + [{"name": "flux", "type": ["null", "double"], "default": None}]}
narrow = {**record, "fields": [{"name": "other", "type": "string"}]}
subject = f"{plan['topic']}-value"

said["refused"] = refusal(lambda: reader.register_schema(subject, Schema(json.dumps(record), "AVRO")))
context = SerializationContext(plan["topic"], MessageField.VALUE)
write = AvroSerializer(client, json.dumps(record))
packet = write({"id": 2**60 + 1}, context)
said["frame"] = packet[0]
said["id"] = int.from_bytes(packet[1:5], "big")
said["read"] = str(AvroDeserializer(reader)(packet, context)["id"])
said["readWider"] = AvroDeserializer(reader, json.dumps(wider))(packet, context)["flux"]
client.set_compatibility(subject, "FORWARD_TRANSITIVE")
said["level"] = reader.get_compatibility(subject)
said["fits"] = reader.test_compatibility(subject, Schema(json.dumps(wider), "AVRO"))
said["misfits"] = reader.test_compatibility(subject, Schema(json.dumps(narrow), "AVRO"))
said["incompatible"] = refusal(lambda: client.register_schema(subject, Schema(json.dumps(narrow), "AVRO")))
said["second"] = client.register_schema(subject, Schema(json.dumps(wider), "AVRO"))
said["versions"] = reader.get_versions(subject)
said["latest"] = reader.get_latest_version(subject).version
said["lookup"] = reader.lookup_schema(subject, Schema(json.dumps(record), "AVRO")).version
said["subjects"] = subject in reader.get_subjects()
holder = {"type": "record", "name": "Holder", "fields": [{"name": "alert", "type": "Alert"}]}
reference = SchemaReference("Alert", subject, 1)
said["holder"] = client.register_schema(f"{plan['topic']}-holder", Schema(json.dumps(holder), "AVRO", [reference]))
said["references"] = [r.subject for r in reader.get_schema(said["holder"]).references]
said["inUse"] = refusal(lambda: client.delete_version(subject, 1))
said["deleted"] = client.delete_subject(f"{plan['topic']}-holder")
said["unknown"] = refusal(lambda: reader.get_schema(99_999_999))
print(json.dumps(said))
