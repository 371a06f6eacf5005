// The isolate runtime in its production jail, system calls in kill mode: a forbidden one would end the host and fail the test.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { testConformance } from '../conformance.ts'
import { openIsolateSandbox } from './open-isolate-sandbox.ts'

const open = (jit: boolean) => () =>
  openIsolateSandbox({
    dir: mkdtempSync(join(tmpdir(), 'skysieve-sandbox-')),
    logger: pino({ level: 'silent' }),
    defaults: { hosts: 1, jit },
    onForbidden: 'kill',
  })

testConformance('isolates without JIT', { runtime: 'isolate', language: 'javascript', open: open(false) })
testConformance('isolates with JIT', { runtime: 'isolate', language: 'javascript', open: open(true) })
