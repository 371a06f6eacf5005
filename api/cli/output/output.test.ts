import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import type { CliContext } from '../context/cli-context.ts'
import { CliError, EXIT } from './exit-codes.ts'
import { openOutput } from './output.ts'

const written = (write: (context: CliContext) => void): string => {
  const [stdout, stderr] = [Object.assign(new PassThrough(), { isTTY: true }), new PassThrough()]
  write({ stdout, stderr, color: true } as unknown as CliContext)
  return `${stdout.read() ?? ''}${stderr.read() ?? ''}`
}
const EVIL = 'suspended: \u001b[2J\u009b1A\rall is well \u202egnp.exe\u0007'

test('a terminal obeys nothing that an author wrote, and lines and colours of ours stay', () => {
  const text = written(context => {
    const out = openOutput(context, false)
    out.result({}, () => `one\n\t${EVIL}`)
    out.progress(EVIL)
    out.failure(new CliError('CLI_INTERNAL', EXIT.ourFault, EVIL))
  })
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  expect(text.replaceAll(/\u001b\[(31|0)m/g, '')).not.toMatch(/[\0-\u0008\u000b-\u001f\u007f-\u009f\u202e]/)
  expect(text).toMatch(/^one\n\tsuspended: /)
  expect(text).toContain('\u001b[31merror\u001b[0m suspended')
})
