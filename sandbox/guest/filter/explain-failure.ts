// What an isolate's end or an error at load means for the author. Values that came out of an isolate are clipped before anything is done with them.
import { type Isolate } from 'isolated-vm'
import { type AuthorError, type FailureReason, type Limits } from '../../sandbox.ts'

const MESSAGE_CHARS = 500

/** A module that could not be loaded, with what its author is told. */
export class LoadFailure extends Error {
  override readonly name = 'LoadFailure'
  readonly reason: 'syntax' | 'no-filter' | FailureReason
  readonly told: AuthorError

  constructor(reason: LoadFailure['reason'], told: AuthorError) {
    super(told.message)
    this.reason = reason
    this.told = told
  }

  /** From isolated-vm's compile error, which carries its position as ` [file:line:column]`. */
  static syntax(error: unknown, fileName: string): LoadFailure {
    const { name, message } = textOf(error)
    const match = /^(.*) \[([^\]]*):(\d{1,9}):(\d{1,9})\]$/s.exec(message)
    if (match === null || match[2] !== fileName) return new LoadFailure('syntax', { message: clip(message) })
    return new LoadFailure('syntax', {
      message: clip(`${name}: ${match[1] ?? ''}`),
      line: Number(match[3]),
      column: Number(match[4]),
    })
  }

  /** From what the module threw, or did, while it was evaluated. */
  static thrown(
    error: unknown,
    isolate: Isolate,
    { scriptName, timeoutMs }: { readonly scriptName: string; readonly timeoutMs: number },
  ): LoadFailure {
    const { reason, error: told } = explain(error, isolate, { batchMs: timeoutMs })
    if (reason !== 'error') return new LoadFailure(reason, told)
    return new LoadFailure('error', { ...told, ...positionIn(textOf(error).stack, scriptName) })
  }
}

const clip = (text: string): string => (text.length > MESSAGE_CHARS ? `${text.slice(0, MESSAGE_CHARS)}…` : text)

/** isolated-vm makes errors of this realm with plain properties, and passes other primitives as they are. */
function textOf(error: unknown): { readonly name: string; readonly message: string; readonly stack: string } {
  if (!(error instanceof Error)) {
    const thrown = typeof error === 'string' ? error.slice(0, MESSAGE_CHARS) : `a value of type ${typeof error}`
    return { name: 'Error', message: `threw ${thrown}; throw an Error to be told the line`, stack: '' }
  }
  const { name, message, stack } = error
  return {
    name: typeof name === 'string' ? name.slice(0, 100) : 'Error',
    message: typeof message === 'string' ? message.slice(0, 2 * MESSAGE_CHARS) : '',
    stack: typeof stack === 'string' ? stack.slice(-8192) : '',
  }
}

function positionIn(stack: string, fileName: string): { line?: number; column?: number } {
  const at = stack.indexOf(`${fileName}:`)
  const match =
    at < 0 ? null : /^(\d{1,9}):(\d{1,9})/.exec(stack.slice(at + fileName.length + 1, at + fileName.length + 30))
  return match === null ? {} : { line: Number(match[1]), column: Number(match[2]) }
}

/** What is in use of an isolate's heap. A filter near its limit mostly collects garbage, and its author should know. */
function heapMb(isolate: Isolate): number {
  const { used_heap_size: used, externally_allocated_size: outside } = isolate.getHeapStatisticsSync()
  return Math.round((used + outside) / 1_048_576)
}

/** Why a call into an isolate did not return. */
export function explain(
  error: unknown,
  isolate: Isolate,
  { batchMs, memoryMb }: Pick<Limits, 'batchMs'> & Partial<Limits>,
): { readonly reason: FailureReason; readonly error: AuthorError } {
  const { name, message } = textOf(error)
  if (message.startsWith('Script execution timed out')) {
    const usedMb = isolate.isDisposed ? 0 : heapMb(isolate)
    const inUse = memoryMb === undefined || usedMb < memoryMb * 0.8 ? '' : `with ${usedMb} of ${memoryMb} MB in use`
    return memoryMb !== undefined && usedMb >= memoryMb
      ? { reason: 'out-of-memory', error: { message: `used more memory than its limit, ${inUse}` } }
      : {
          reason: 'timeout',
          error: { message: `still running after ${batchMs} ms, the limit of one batch${inUse && `, ${inUse}`}` },
        }
  }
  if (isolate.isDisposed || /disposed during execution|memory limit/.test(message)) {
    const limit = memoryMb === undefined ? '' : ` (${memoryMb} MB)`
    return { reason: 'out-of-memory', error: { message: `used more memory than its limit${limit}` } }
  }
  if (message === 'Not supported')
    return { reason: 'error', error: { message: 'import() is not available in a filter' } }
  const told = name === 'Error' && message.startsWith('threw ') ? message : `${name}: ${message}`
  return { reason: 'error', error: { message: clip(told) } }
}
