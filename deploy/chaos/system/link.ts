// The way from a node to the hub, as a TCP relay on loopback that can be cut, silenced and mended.
import { connect, createServer, type Socket } from 'node:net'
import { LOOPBACK } from '../../start/layout/ports.ts'

export interface Link {
  /** Resets every connection and refuses new ones. */
  readonly cut: () => void
  /** Keeps every connection, also new ones, and carries nothing. */
  readonly hang: () => void
  /** Carries again. */
  readonly mend: () => void
  readonly close: () => Promise<void>
}

interface Pair {
  readonly near: Socket
  readonly far: Socket
}

/** Listens on `port` and carries to `target`. Rejects when the port is in use. */
export const openLink = async (port: number, target: number): Promise<Link> => {
  const pairs = new Set<Pair>()
  let state: 'whole' | 'cut' | 'silent' = 'whole'

  const flow = ({ near, far }: Pair): void => {
    near.pipe(far)
    far.pipe(near)
  }
  const breakUp = (pair: Pair): void => {
    pairs.delete(pair)
    for (const socket of [pair.near, pair.far]) if (!socket.destroyed) socket.resetAndDestroy()
  }
  const server = createServer(near => {
    near.on('error', () => undefined)
    if (state === 'cut') {
      near.resetAndDestroy()
      return
    }
    const far = connect(target, LOOPBACK)
    const pair = { near, far }
    pairs.add(pair)
    far.on('error', () => undefined)
    for (const socket of [near, far]) socket.setNoDelay(true).once('close', () => breakUp(pair))
    if (state === 'whole') flow(pair)
  })
  const { promise: listening, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen({ port, host: LOOPBACK }, resolve)
  await listening

  return {
    cut: () => {
      state = 'cut'
      for (const pair of pairs) breakUp(pair)
    },
    hang: () => {
      state = 'silent'
      for (const { near, far } of pairs) {
        near.unpipe(far)
        far.unpipe(near)
      }
    },
    mend: () => {
      const wasSilent = state === 'silent'
      state = 'whole'
      if (wasSilent) for (const pair of pairs) flow(pair)
    },
    close: () => {
      for (const pair of pairs) breakUp(pair)
      return new Promise(done => server.close(() => done()))
    },
  }
}
