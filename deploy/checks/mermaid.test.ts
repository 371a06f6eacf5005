import { expect, test } from 'vitest'
import { figureProblem } from './mermaid.ts'

test('a flowchart parses, also with line breaks in its labels', async () => {
  expect(await figureProblem('flowchart TB\n  a["hub<br/>Kafka"] -- copies --> b[(archive)]\n  b -.-> c{{node}}')).toBe(
    undefined,
  )
})

test('an arrow to nowhere is told, and so is another kind of figure', async () => {
  expect(await figureProblem('flowchart LR\n  a -->')).toMatch(/Parse error on line/)
  expect(await figureProblem('sequenceDiagram\n  A->>B: hi')).toMatch(/not a flowchart/)
})
