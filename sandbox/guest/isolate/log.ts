// Inside an isolate: console.log, bounded in characters and lines, kept until the batch's reply.
import { type Primordials } from './primordials.ts'

/** A log of at most `maxChars` characters and 100 lines a batch; what is beyond is counted. */
export function openLog({ apply, stringify, sliceText, toText }: Primordials, maxChars: number) {
  const MAX_LINES = 100
  let chars = 0
  let lines: string[] = []
  let dropped = 0
  const show = (value: unknown): string => {
    if (typeof value === 'string') return value
    if (typeof value === 'object' && value !== null) {
      if (value instanceof Error) return toText(value)
      return stringify(value) ?? ''
    }
    return toText(value)
  }
  const isFull = (): boolean => chars >= maxChars || lines.length >= MAX_LINES
  return {
    write(...values: unknown[]): void {
      let line = ''
      if (!isFull())
        for (let i = 0; i < values.length && line.length <= maxChars - chars; i++)
          line += (i > 0 ? ' ' : '') + show(values[i])
      // Looked at again: what was shown may have logged meanwhile.
      if (isFull()) {
        dropped++
        return
      }
      const room = maxChars - chars
      if (line.length > room) line = `${apply(sliceText, line, [0, room])}…`
      chars += line.length + 1
      lines[lines.length] = line
    },
    begin(): void {
      chars = 0
      dropped = 0
      if (lines.length > 0) lines = []
    },
    /** JSON members for the reply, or nothing. */
    take(): string {
      if (lines.length === 0 && dropped === 0) return ''
      let text = `"logsDropped":${dropped},"logs":[`
      for (let i = 0; i < lines.length; i++) text += (i > 0 ? ',' : '') + stringify(lines[i])
      return `${text}]`
    },
  }
}

export type Log = ReturnType<typeof openLog>
