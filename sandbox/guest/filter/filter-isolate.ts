// An author's module in an isolate of its own, over its mailbox: loaded once, called once a batch, thrown away.
import ivm from 'isolated-vm'
import { MAX_BINARY_BYTES, MAX_TEXT_UNITS } from '../../columns/batch.ts'
import { type LoadMessage } from '../../protocol/wire.ts'
import { type AuthorError, type FailureReason, type Limits } from '../../sandbox.ts'
import { guestOptions } from '../isolate/guest-source.ts'
import { viewSource } from '../isolate/view-source.ts'
import { type Mailbox } from '../mailbox/delivery.ts'
import { type Frame } from '../mailbox/frame-reader.ts'
import { type CpuMeter } from './cpu-meter.ts'
import { explain, LoadFailure } from './explain-failure.ts'
import { takeIsolate } from './fresh-isolates.ts'
import { runOwn } from './own-scripts.ts'

export interface Evaluated {
  /** 1 when there are scores, else 0, or nothing when the filter failed. */
  readonly scored: boolean
  /** JSON that the guest wrote, or nothing. */
  readonly extra: string
  readonly failure?: { readonly reason: FailureReason; readonly error: AuthorError }
  /** Names of values it reached that its mailbox does not carry: nothing else of the batch counts then. */
  readonly wants?: readonly string[]
  readonly cpuMs: number
}

export interface FilterIsolate {
  readonly description: string
  /** Evaluates what is in the mailbox. */
  evaluate(frame: Frame): Evaluated
  dispose(): void
}

/** Evaluations and loads that got less than this share of their wall time as CPU time were starved, not slow; they are tried again. */
const STARVED = 0.5
const STARVED_TRIES = 3
export const wasStarved = (usedMs: number, { batchMs }: Limits, attempt: number): boolean =>
  usedMs < batchMs * STARVED && attempt < STARVED_TRIES
/** Characters of what an isolate may say about a batch beyond its bits; the guest bounds itself below this. */
const MAX_EXTRA_CHARS = 1 << 20

const areaBytes = (needed: number, atLeast: number, atMost: number): number =>
  Math.min(atMost, Math.max(atLeast, 2 ** Math.ceil(Math.log2(needed))))

interface FilterIsolateOptions {
  readonly mailbox: Mailbox
  readonly meter: CpuMeter
  /** Whether its views are like plain objects in everything. */
  readonly plain: boolean
  /** Whether it may keep them from one batch to the next. */
  readonly mayKeep: boolean
}

/** Makes an isolate, locks it down, evaluates the author's module. Throws `LoadFailure` with what the author is told. */
export function openFilterIsolate(
  message: LoadMessage,
  { mailbox, meter, plain, mayKeep }: FilterIsolateOptions,
): FilterIsolate {
  const { limits, source, fileName } = message
  const scriptName = /^[\w.-]{1,100}$/.test(fileName) ? fileName : 'filter.js'
  const { isolate, context, guest } = takeIsolate(limits.memoryMb)
  try {
    return start()
  } catch (error) {
    if (!isolate.isDisposed) isolate.dispose()
    throw error
  }

  function start(): FilterIsolate {
    const { plan } = mailbox
    const makeViews = runOwn(isolate, context, viewSource(plan, { mayKeep }))
    const options = new ivm.ExternalCopy(guestOptions(plan, message, { fileName: scriptName, plain })).copyInto()
    const runner = guest.applySync(
      undefined,
      [new ivm.ExternalCopy(mailbox.shared).copyInto(), makeViews.derefInto(), options],
      { result: { reference: true } },
    ) as ivm.Reference<Record<string, unknown>>
    const bind = runner.getSync('bind', { reference: true })
    const run = runner.getSync('run', { reference: true })
    const attach = runner.getSync('attach', { reference: true })
    const description = loadModule(isolate, context, { source, scriptName, timeoutMs: limits.batchMs }, bind)
    let textArea = new SharedArrayBuffer(0)
    let binaryArea = new SharedArrayBuffer(0)

    const deliverBlobs = (frame: Frame): void => {
      const text = plan.readsText ? frame.text : undefined
      const binary = plan.readsBinary ? frame.binary() : undefined
      const grownText = text !== undefined && text.byteLength > textArea.byteLength
      const grownBinary = binary !== undefined && binary.byteLength > binaryArea.byteLength
      if (grownText) textArea = new SharedArrayBuffer(areaBytes(text.byteLength, 8192, MAX_TEXT_UNITS * 2))
      if (grownBinary) binaryArea = new SharedArrayBuffer(areaBytes(binary.byteLength, 1 << 20, MAX_BINARY_BYTES))
      if (grownText || grownBinary)
        attach.applySync(undefined, [
          grownText ? new ivm.ExternalCopy(textArea).copyInto() : undefined,
          grownBinary ? new ivm.ExternalCopy(binaryArea).copyInto() : undefined,
        ])
      if (text !== undefined) new Uint16Array(textArea).set(text)
      if (binary !== undefined) new Uint8Array(binaryArea).set(binary)
    }

    const call = (rows: number): Evaluated => {
      for (let attempt = 1; ; attempt++) {
        meter.begin()
        try {
          const said: unknown = run.applySync(undefined, [rows], { timeout: limits.batchMs })
          if (typeof said === 'number') return { scored: said === 1, extra: '', cpuMs: meter.end() }
          if (typeof said === 'string' && said.length <= MAX_EXTRA_CHARS)
            return { scored: said.startsWith('1'), extra: said.slice(1), cpuMs: meter.end() }
          throw new Error('the wrapper answered with something else than a number or a text')
        } catch (error) {
          const used = meter.end()
          const failure = afterwards(explain(error, isolate, limits))
          if (failure.reason === 'timeout' && wasStarved(used, limits, attempt)) continue
          return { scored: false, extra: '', failure, cpuMs: used }
        }
      }
    }

    return {
      description,
      evaluate(frame) {
        if (plan.readsText || plan.readsBinary) deliverBlobs(frame)
        return call(frame.rows)
      },
      dispose() {
        if (!isolate.isDisposed) isolate.dispose()
      },
    }
  }
}

/** The wrapper catches what a filter throws; an error that comes out of a call all the same is a rejected promise. */
const afterwards = (found: ReturnType<typeof explain>): ReturnType<typeof explain> =>
  found.reason !== 'error' || found.error.message.startsWith('import()')
    ? found
    : { ...found, error: { message: `a promise was rejected and nobody handled it: ${found.error.message}` } }

const WHAT_IS_MISSING: Record<string, string> = {
  nothing: 'the module exports no function called filter; write: export function filter(alert) { … }',
  await: 'the module is not ready after loading; top-level await is not available in a filter',
}

interface ModuleText {
  readonly source: string
  readonly scriptName: string
  readonly timeoutMs: number
}

/** Compiles and evaluates the author's module as a script of its own and hands its exports to the wrapper. Returns its description. */
function loadModule(isolate: ivm.Isolate, context: ivm.Context, text: ModuleText, bind: ivm.Reference): string {
  const filename = text.scriptName
  let module: ivm.Module
  try {
    module = isolate.compileModuleSync(text.source, { filename })
  } catch (error) {
    throw LoadFailure.syntax(error, filename)
  }
  try {
    module.instantiateSync(context, specifier => {
      throw new Error(`imports ${JSON.stringify(specifier)}; a filter is one module without imports`)
    })
  } catch (error) {
    throw LoadFailure.syntax(error, filename)
  }
  try {
    module.evaluateSync({ timeout: text.timeoutMs })
  } catch (error) {
    throw LoadFailure.thrown(error, isolate, text)
  }
  let answer: unknown
  try {
    answer = bind.applySync(undefined, [module.namespace.derefInto()], { timeout: text.timeoutMs })
  } catch (error) {
    throw LoadFailure.thrown(error, isolate, text)
  }
  if (typeof answer === 'string' && answer.startsWith('D')) return answer.slice(1)
  const missing = String(answer).slice(1, 20)
  throw new LoadFailure('no-filter', {
    message: WHAT_IS_MISSING[missing] ?? `the export filter is a ${missing}, not a function`,
  })
}
