// The flags that the Node.js process of a worker is started with.

/**
 * Bounds the worker's memory however far it lags. Packets lie outside V8's heap; where they are counted (`collectRarely` in `hub`), garbage is collected when heap and packets
 * come to about twice this. Engine bench, 100 filters: 851 MB resident at the most became 534, and 123 µs of the worker's CPU an alert 158.
 */
export const WORKER_NODE_FLAGS: readonly string[] = ['--max-old-space-size=1024']
