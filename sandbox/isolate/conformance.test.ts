// The isolate runtime in its production jail, system calls in kill mode: a forbidden one would end the host and fail the test.
import { testConformance } from '../conformance/suite.ts'
import { openTestIsolates } from './isolate-sandbox.fixture.ts'

const open = (jit: boolean) => () => openTestIsolates({ defaults: { hosts: 1, jit }, onForbidden: 'kill' })

testConformance('isolates without JIT', { runtime: 'isolate', language: 'javascript', open: open(false) })
testConformance('isolates with JIT', { runtime: 'isolate', language: 'javascript', open: open(true) })
