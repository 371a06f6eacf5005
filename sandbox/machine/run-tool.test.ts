import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runTool } from './run-tool.ts'

test('a program that somebody killed is run again, one that fails is not', () => {
  const dir = mkdtempSync(join(tmpdir(), 'skysieve-tool-'))
  const mark = join(dir, 'mark')
  expect(runTool('/bin/sh', ['-c', '[ -e "$0" ] && echo fine && exit; : > "$0"; kill -9 $$', mark])).toBe('fine\n')
  expect(() => runTool('/bin/sh', ['-c', 'rm "$0"; echo why >&2; exit 3', mark])).toThrow(/why/)
  expect(existsSync(mark)).toBe(false)
  rmSync(dir, { recursive: true })
})
