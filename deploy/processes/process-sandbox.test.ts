import { expect, test } from 'vitest'
import { sandboxCheck } from './process-sandbox.ts'

test('a sandbox without confinement is ready and says on /readyz that it has none', () => {
  const differences = ['filters run in a plain process without any confinement (unsafe sandbox)']
  expect(sandboxCheck({ ok: true, kind: 'unsafe', differences })).toEqual({
    name: 'sandbox',
    ok: true,
    reason: differences[0],
  })
  expect(sandboxCheck({ ok: true, kind: 'bubblewrap', differences: [] })).toEqual({ name: 'sandbox', ok: true })
  expect(sandboxCheck({ ok: false, kind: 'bubblewrap', differences: ['uid 0'] })).toMatchObject({ ok: false })
})
