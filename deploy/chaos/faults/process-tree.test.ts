import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { confinedBelow } from './process-tree.ts'

const CONFINED = ['--ro-bind', '/', '/', '--proc', '/proc', '--unshare-pid', '--die-with-parent', 'cat']

test('what is confined below a process is found, its other children are not', async () => {
  const shell = spawn('sh', ['-c', 'sleep 2 & bwrap "$@"; true', 'sh', ...CONFINED], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const { pid = 0, stdin, stdout } = shell
  stdin.write('begun\n')
  await once(stdout, 'data')
  const found = confinedBelow(pid)
  expect(found).toHaveLength(1)
  process.kill(found[0] ?? 0, 'SIGKILL')
  await once(shell, 'exit')
  expect(confinedBelow(pid)).toEqual([])
})
