// A host that lies, for tests: it speaks the protocol and loads nothing, and what its reply looks like is decided by the sources of the filters asked for.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type HostProgram } from '../../image/isolate-host/host-program.ts'

const LYING_HOST = `
import { readSync, writeSync } from 'node:fs'
const read = count => { const bytes = Buffer.alloc(count); for (let at = 0; at < count;) { const n = readSync(0, bytes, at, count - at, null); if (n === 0) process.exit(0); at += n } return bytes }
const send = (kind, payload) => { const head = Buffer.alloc(8); head.writeUInt32LE(payload.length, 0); head.writeUInt32LE(kind, 4); const all = Buffer.concat([head, payload]); for (let at = 0; at < all.length;) at += writeSync(1, all, at) }
const json = (kind, value) => send(kind, Buffer.from(JSON.stringify(value)))
let count = 0
const mark = (phase, slot, seq) => writeSync(4, Buffer.from(Uint32Array.of(slot, seq, phase, count++).buffer), 0, 16, 0)
const sources = new Map()
mark(0, 0xffffffff, 0)
json(1, {})
for (;;) {
  const head = read(8)
  const kind = head.readUInt32LE(4)
  const message = JSON.parse(read(head.readUInt32LE(0)))
  if (kind === 2) {
    if (message.source === 'dies while it loads') process.exit(3)
    sources.set(message.slot, message.source)
    json(2, { seq: message.seq, slot: message.slot, ok: true })
  }
  if (kind === 3) sources.delete(message.slot)
  if (kind !== 4) continue
  const words = ((message.rows + 63) >>> 6) << 1
  const record = (slot, extra) => {
    const text = Buffer.from(extra)
    const bytes = Buffer.alloc(24 + 8 * words + Math.ceil(text.length / 8) * 8)
    bytes.writeUInt32LE(slot, 0)
    bytes.writeUInt32LE(text.length, 8)
    bytes[24] = 1
    text.copy(bytes, 24 + 8 * words)
    return bytes
  }
  const asked = message.slots.map(slot => sources.get(slot))
  const header = Buffer.alloc(8)
  header.writeUInt32LE(message.seq, 0)
  header.writeUInt32LE(message.slots.length, 4)
  const honest = Buffer.concat([header, ...message.slots.map((slot, i) => record(slot, asked[i] === 'bad extra' ? '{"logs":7}' : ''))])
  const said = asked.includes('answers short') ? honest.subarray(0, honest.length - 8)
    : asked.includes('answers for another') ? Buffer.concat([header, ...message.slots.map(slot => record(slot + 1000, ''))])
    : asked.includes('answers another batch') ? (honest.writeUInt32LE(9999, 0), honest)
    : honest
  if (asked.includes('ends by itself')) process.exit(7)
  if (asked.includes('is killed')) { process.kill(process.pid, 'SIGKILL'); await new Promise(() => {}) }
  if (asked.includes('goes on for ever')) for (;;) { mark(2, message.slots[0], message.seq); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5) }
  send(3, said)
}
`

/** Writes it below `dir`. */
export function writeLyingHost(dir: string): HostProgram {
  const code = join(dir, 'lying-host')
  mkdirSync(code, { recursive: true })
  writeFileSync(join(code, 'lying-host.mjs'), LYING_HOST)
  return { code, entry: 'lying-host.mjs', packages: {} }
}
