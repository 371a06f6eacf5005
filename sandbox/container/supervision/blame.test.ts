import { expect, test } from 'vitest'
import { type ContainerEnd } from '../process/container-process.ts'
import { blame, type Step } from './blame.ts'
import { endlessEnds } from './unblamed-end.ts'

const STEP: Step = { doing: 'batch', limitMs: 200, memoryMb: 32 }
const end = (over: Partial<ContainerEnd>): ContainerEnd => ({ outOfMemory: false, ...over })

test.for([
  ['a filter that exits', { exitCode: 0 }, 'crash', 'exit code 0'],
  ['one that crashes', { exitCode: 139 }, 'crash', 'SIGSEGV'],
  ['one that ran out of memory', { exitCode: 137, outOfMemory: true }, 'out-of-memory', '32 MB'],
  ['one that was filling its memory at its deadline', { killedFor: 'memory' }, 'out-of-memory', '32 MB'],
  ['one that did not stop', { killedFor: 'deadline' }, 'timeout', '200 ms'],
  ['one that broke the conversation', { killedFor: 'protocol', detail: 'said too much' }, 'protocol', 'said too much'],
] as const)('%s pays, and is told why', ([, how, reason, message]) => {
  expect(blame(end(how), STEP)).toMatchObject({
    reason,
    error: { message: expect.stringContaining(message) as string },
  })
})

test('what it raised before it was ended is told too, with its place', () => {
  const noted = { message: 'OSError: File too large', line: 3, column: 5 }
  const { reason, error } =
    blame(end({ killedFor: 'deadline', detail: 'beside 2 processes that it started', noted }), STEP) ?? {}
  expect(reason).toBe('timeout')
  expect(error).toEqual({
    message:
      'still running after 200 ms, the limit of one batch, beside 2 processes that it started; its container was ended; its first error was: OSError: File too large',
    line: 3,
    column: 5,
  })
})

test.for([
  ['was killed from outside', { exitCode: 137 }],
  ['was removed, or its engine lost', {}],
  ['never started', { exitCode: 127 }],
  ['was stopped from outside until we gave up', { killedFor: 'starved' }],
  ['was not confined any more', { killedFor: 'posture' }],
  ['was not needed any more', { killedFor: 'retired' }],
] as const)('a container that %s costs its filter nothing', ([, how]) => {
  expect(blame(end(how), STEP)).toBeUndefined()
})

test('a container that ends again and again costs its filter something in the end, one that got no processor much later', () => {
  expect(endlessEnds(end({ exitCode: 137 }), 2, STEP)).toBeUndefined()
  expect(endlessEnds(end({ exitCode: 137 }), 3, STEP)).toMatchObject({ reason: 'crash' })
  expect(endlessEnds(end({ killedFor: 'starved' }), 4, STEP)).toBeUndefined()
  expect(endlessEnds(end({ killedFor: 'starved' }), 5, STEP)).toMatchObject({ reason: 'timeout' })
})
