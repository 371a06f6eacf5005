"""Alerts on a laptop: python3 follow_notices.py TOPIC FOLDER (pip install confluent-kafka fastavro requests; settings are read from the environment)."""
import functools, io, json, os, pathlib, sys, time
import fastavro, requests
from confluent_kafka import Consumer
env, topic, folder = os.environ, sys.argv[1], pathlib.Path(sys.argv[2])
api = requests.Session()
api.headers["Authorization"] = "Bearer " + env["SKYSIEVE_TOKEN"]
tls = {"security.protocol": "SASL_SSL", "ssl.ca.location": env["SKYSIEVE_CA"]} if "SKYSIEVE_CA" in env else {"security.protocol": "SASL_PLAINTEXT"}
login = {"sasl.mechanism": "SCRAM-SHA-512", "sasl.username": env["SKYSIEVE_KAFKA_USER"], "sasl.password": env["SKYSIEVE_KAFKA_PASSWORD"]}
reading = {"group.id": env["SKYSIEVE_KAFKA_USER"], "auto.offset.reset": "earliest", "isolation.level": "read_committed", "enable.auto.commit": False}
schema_of = functools.cache(lambda number: json.loads(requests.get(f"{env['SKYSIEVE_REGISTRY']}/schemas/ids/{number}", timeout=60).json()["schema"]))
wanted = lambda notice: (notice["snr"] or 0) > 10 and not notice["known"]  # yours
folder.mkdir(parents=True, exist_ok=True)
consumer = Consumer({"bootstrap.servers": env["SKYSIEVE_BOOTSTRAP"], **tls, **login, **reading})
consumer.subscribe([topic])
while True:
    if (message := consumer.poll(1.0)) is None: continue
    if message.error(): raise SystemExit(message.error())
    notice = fastavro.schemaless_reader(io.BytesIO(message.value()[5:]), schema_of(int.from_bytes(message.value()[1:5], "big")))
    file = folder / f"{notice['alertId']}.avro.gz"
    if wanted(notice) and not file.exists():
        while (answer := api.get(env["SKYSIEVE_URL"] + notice["uri"], timeout=60)).status_code == 429: time.sleep(float(answer.headers["Retry-After"]))
        answer.raise_for_status()
        file.with_suffix(".part").write_bytes(answer.content)
        file.with_suffix(".part").rename(file)
    consumer.commit(message)  # the packet is there: a program that was killed goes on behind it
