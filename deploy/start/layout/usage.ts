// The help of `skysieve start`.
export const START_USAGE = `skysieve start: a hub, mirror nodes and a simulated survey on this machine
skysieve start --join URL --token-file FILE: a mirror node of the hub whose API is at URL

  --join URL        as a node of another machine's hub: https://hub.example.org:21105
  --token-file FILE what \`skysieve node add\` printed where the hub is administered, for the first start of a node
  --node-kafka FILE use the Kafka that FILE describes (bootstrap, user, password, ca) in place of a broker of the node's own
  --hub-kafka FILE  use the Kafka that FILE describes in place of a broker of the hub's own
  --listen ADDRESS  be reached from other machines at this address of this one, over TLS (loopback only)
  --advertise HOST  the name or address by which they reach it, where that is another
  --data-dir DIR    where everything is kept (./.skysieve); DIR/skysieve.json may hold the options below, and the
                    times of a filter’s move: {"moves": {"finishMinutes": 30, "lateMinutes": 10, "keepDays": 7}}
  --profile P       production (45 partitions of alert topics, as Rubin's), or integration: every visit is the same one,
                    its answers at /v1/integration/answers, for who writes clients
  --nodes N         mirror nodes on this machine (2; 0 where all are on others)
  --shards N        worker processes of a node that share its filters; fixed when the node is made
                    (1; of a node that joins one per two cores)
  --port-base PORT  first of the ports (21000); each that other machines reach is that of loopback and 100
  --source DIR      play the real packets under DIR instead of synthetic ones
  --interval S      seconds from one visit to the next (37)
  --alerts N        alerts of a synthetic visit (1000; Rubin's is 10000)
  --visits N        stop playing after N visits
  --partitions N    partitions of alert topics that are made (8)
  --no-simulator    play nothing
  --archive-gb N    gigabytes of packets that the archive keeps; the oldest leave first (20)
  --archive-store K keep packets as files, or in segments: a few large files a night (files)
  --no-archive      keep no packets and write no notices
  --engine SOCKET   use this Docker engine for Python filters (one that answers, or one of our own)
  --tls             TLS on the brokers, by an authority of this system's own (<data dir>/tls/ca.pem)
  --no-python       run no Python filters
  --isolate-host K  confine JavaScript filters by bubblewrap, or by container (bubblewrap where it works)
  --unsafe-sandbox  run filters without confinement: for development only`
