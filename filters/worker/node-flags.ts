// How the Node is started that a worker runs on.

/**
 * Bounds the worker's memory however far it lags. Packets lie outside V8's heap; where they are counted (`collectRarely` in `hub`), garbage is collected when heap and packets
 * come to about twice this. Of 80,000 stored alerts and 100 filters: 1,090 MB resident at the most become 670, 100 to 123 µs of CPU an alert 137 to 169.
 */
export const WORKER_NODE_FLAGS: readonly string[] = ['--max-old-space-size=1024']
