// The log files of the processes: <data dir>/logs/<process>.log, bounded, and their last lines for messages.
import {
  closeSync,
  copyFileSync,
  existsSync,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  truncateSync,
} from 'node:fs'

const MAX_BYTES = 32 * 1024 * 1024
const TAIL_BYTES = 64 * 1024

/** At a start: what the last run wrote becomes `<file>.1`. */
export const rotateAtStart = (file: string): void => {
  if (existsSync(file) && statSync(file).size > 0) renameSync(file, `${file}.1`)
}

/** While a process writes: over 32 MB, the text moves to `<file>.1` and the file begins anew. Its writer only appends. */
export const boundLog = (file: string): void => {
  if (!existsSync(file) || statSync(file).size <= MAX_BYTES) return
  copyFileSync(file, `${file}.1`)
  truncateSync(file, 0)
}

/** The last lines of a log; none when there is no such file. */
export const lastLines = (file: string, lines: number): readonly string[] => {
  if (!existsSync(file)) return []
  const handle = openSync(file, 'r')
  try {
    const { size } = fstatSync(handle)
    const from = Math.max(0, size - TAIL_BYTES)
    const bytes = Buffer.alloc(size - from)
    readSync(handle, bytes, 0, bytes.length, from)
    const text = bytes.toString('utf8')
    const whole = from === 0 ? text : text.slice(text.indexOf('\n') + 1)
    return whole
      .split('\n')
      .filter(line => line !== '')
      .slice(-lines)
  } finally {
    closeSync(handle)
  }
}
