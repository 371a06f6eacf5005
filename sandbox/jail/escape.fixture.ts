// Runs escape-probe.mjs in a jail, in place of a host: what code that has broken out of V8 would find there.
import { once } from 'node:events'
import { closeSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeHostProgram } from '../image/isolate-host/host-program.ts'
import { openIntentFile } from '../isolate/process/intent-file.ts'
import { openRing } from '../protocol/batch-ring.ts'
import { type Jail, nodeFlags } from './jail.ts'

const PROBE = 'escape-probe.mjs'

export interface ProbeRun {
  /** What it found, or what went wrong. */
  readonly said: string
  readonly code: number | null
}

/** Sets out what it tries to reach: a secret beside its program, and a port of this machine. */
export async function openEscapes() {
  const dir = mkdtempSync(join(tmpdir(), 'skysieve-jail-'))
  const files = { ...writeHostProgram(dir), entry: PROBE }
  copyFileSync(join(import.meta.dirname, PROBE), join(files.code, PROBE))
  writeFileSync(join(dir, 'secret'), 'a secret of the data directory')
  let connections = 0
  const server = createServer(socket => {
    connections++
    socket.destroy()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }

  return {
    dir,
    connections: () => connections,
    /** Runs it; `only` names a single act. Closes the jail. */
    async probe(jail: Jail, only = ''): Promise<ProbeRun> {
      const [parent, named] = [jail.sharedDir ?? dir, jail.sharedDir !== undefined]
      const ring = openRing(parent, { named })
      const intents = openIntentFile(parent, { named })
      const descriptor = ring.openReader()
      const said = { stdout: '', stderr: '' }
      const shared = { ring: { descriptor, folder: ring.folder }, intent: intents.file }
      const confined = jail.start(
        { files, nodeFlags: nodeFlags({ jit: false }), ...shared, memoryMb: 512 },
        (stream, bytes) => (said[stream] += bytes.toString()),
      )
      closeSync(descriptor)
      intents.handedOver()
      await confined.started
      confined.write(Buffer.from(`${JSON.stringify({ port, pid: process.pid, secret: join(dir, 'secret'), only })}\n`))
      confined.end()
      const { code, why } = await confined.ended
      await jail.close()
      intents.close()
      ring.close()
      return { said: said.stdout || said.stderr || (why ?? ''), code }
    },
    close(): void {
      server.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
