// What processes that move packets have in their environment.

/**
 * Freed buffers are used again instead of unmapped: 261 µs of CPU an alert become 219 in a worker without filters (2 cores, packets of 110 KB); glibc
 * ignores an mmap_threshold above 32 MB. And young objects are looked through every 2 MB instead of every 16: they hold few bytes in V8's heap and many
 * outside it, which only pile up until a full collection. The four threads that Node's calls run on stay four: with 16 the archiver took 976 alerts/s into
 * segments instead of 1,330.
 */
export const PACKET_ENV = {
  GLIBC_TUNABLES:
    'glibc.malloc.mmap_threshold=33554432:glibc.malloc.trim_threshold=1073741824:glibc.malloc.top_pad=67108864',
  NODE_OPTIONS: '--max-semi-space-size=2',
}
