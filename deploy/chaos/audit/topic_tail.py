"""Reads topics as any read_committed subscriber does, and goes on where it stopped."""
from confluent_kafka import Consumer, KafkaError, TopicPartition

ANSWER_SECONDS = 30


class TopicTail:
    def __init__(self, access, topic, partitions=None, lost="error"):
        """`lost`: what is done where the reader stands before a partition's first offset, as auto.offset.reset has it."""
        self.consumer = Consumer({
            "bootstrap.servers": access["bootstrap"], "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": access["user"], "sasl.password": access["password"],
            "group.id": "skysieve-chaos-audit", "isolation.level": "read_committed", "enable.auto.commit": False,
            "enable.partition.eof": True, "auto.offset.reset": lost, "fetch.wait.max.ms": 50, "log_level": 2})
        if partitions is None:
            partitions = self.consumer.list_topics(topic, timeout=ANSWER_SECONDS).topics[topic].partitions
        self.partitions = set(partitions)
        self.consumer.assign([TopicPartition(topic, partition, 0) for partition in self.partitions])
        self.topic = topic
        self.read_to = dict.fromkeys(self.partitions, 0)

    def new(self):
        """Yields what was committed since the last call, up to the present end of every partition."""
        ends = {p: self.consumer.get_watermark_offsets(TopicPartition(self.topic, p), timeout=ANSWER_SECONDS)[1]
                for p in self.partitions}
        while any(self.read_to[p] < end for p, end in ends.items()):
            message = self.consumer.poll(ANSWER_SECONDS)
            if message is None:
                raise SystemExit(f"no answer from {self.topic} in {ANSWER_SECONDS} s: read to {self.read_to} of {ends}")
            error = message.error()
            if error and error.code() != KafkaError._PARTITION_EOF:
                raise SystemExit(f"{self.topic}: {error}")
            # The end of a partition has an offset too: behind markers, which are not handed out.
            self.read_to[message.partition()] = message.offset() + (0 if error else 1)
            if not error:
                yield message

    def others(self, prefix):
        """The broker's topics whose names begin so."""
        return sorted(name for name in self.consumer.list_topics(timeout=ANSWER_SECONDS).topics if name.startswith(prefix))

    def first(self, partition):
        """The first offset that the broker still has."""
        return self.consumer.get_watermark_offsets(TopicPartition(self.topic, partition), timeout=ANSWER_SECONDS)[0]

    def close(self):
        self.consumer.close()
