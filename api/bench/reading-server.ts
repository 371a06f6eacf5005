// The server of the reading bench, in a process of its own: an archive of synthetic alerts on local files behind the API's routes.
import { mkdirSync } from 'node:fs'
import { Redis } from 'ioredis'
import { collectRarely } from '#hub'
import { fillArchive, openArchiveTestServer, syntheticPackets } from '../checks/archive-test-server.ts'

// As the API's process does.
collectRarely()

const { dir, alerts, redis } = JSON.parse(process.argv[2] ?? '{}') as {
  readonly dir: string
  readonly alerts: number
  readonly redis: { readonly host: string; readonly port: number; readonly password: string }
}
mkdirSync(dir, { recursive: true })
const packets = syntheticPackets(alerts)
const archive = await fillArchive(dir, packets)
const limits = [new Redis(redis), new Redis(redis)] as const
const server = await openArchiveTestServer({ archive, redis: limits[0] })
// An account that is over its limit from the first request on.
const refused = await openArchiveTestServer({ archive, redis: limits[1], limits: { requestsPerMinute: 1 } })
const url = await server.app.listen({ host: '127.0.0.1', port: 0 })
const refusedUrl = await refused.app.listen({ host: '127.0.0.1', port: 0 })
process.on('disconnect', () => process.exit(0))
process.send?.({
  url,
  token: server.token,
  refusedUrl,
  refusedToken: refused.token,
  ids: packets.map(({ row }) => String(row.id)),
  packetBytes: Math.round(packets.reduce((sum, { packet }) => sum + packet.length, 0) / packets.length),
})
