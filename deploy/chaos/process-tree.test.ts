import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { leavesBelow } from './process-tree.ts'

test('the leaves below a process are those that have no child', async () => {
  const shell = spawn('sh', ['-c', 'sh -c "cat; true"; true'], { stdio: ['pipe', 'pipe', 'ignore'] })
  const { pid, stdin, stdout } = shell
  stdin.write('begun\n')
  await once(stdout, 'data')
  const leaves = leavesBelow(pid ?? 0)
  expect(leaves).toHaveLength(1)
  expect(leaves).not.toContain(pid)
  expect(leavesBelow(leaves[0] ?? 0)).toEqual([])
  stdin.end()
  await once(shell, 'exit')
  expect(leavesBelow(pid ?? 0)).toEqual([])
})
