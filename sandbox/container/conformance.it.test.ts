// The container runtime with Python filters, on a Docker engine of its own: the same suite as the isolates'.
import { afterAll, beforeAll } from 'vitest'
import { testConformance } from '../conformance.ts'
import { type Engine, openTestSandbox, startEngine } from './engine.fixture.ts'

let engine: Engine
beforeAll(async () => {
  engine = await startEngine()
})
afterAll(() => engine?.close())

testConformance('containers', { runtime: 'container', language: 'python', open: () => openTestSandbox(engine) })
