// Starts the process in which sources are checked (`check-process.ts`), asks it one question at a time, and ends it where it takes too long or too much.
import { type ChildProcess, fork } from 'node:child_process'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { type Language } from '../manifest.ts'
import { type SourceCheck } from './check-source.ts'
import { type Field } from './fields/columns-read.ts'
import { type Problem, ProblemCode } from './parse/problem.ts'

export interface Question {
  readonly language: Language
  readonly source: string
  readonly fields: readonly Field[]
  readonly cutouts: boolean
}

export interface Answer {
  readonly check: SourceCheck
  /** It broke on this source, and is not to be asked again. */
  readonly isSpent: boolean
}

export interface CheckLimits {
  readonly answerMs: number
  readonly memoryMb: number
}

/** A source of 256 KB takes about 0.2 s and 60 MB; a machine that is ten times slower and busy is not the author's fault. */
export const CHECK_LIMITS: CheckLimits = { answerMs: 30_000, memoryMb: 256 }
const START_MS = 60_000
/** Of the main thread's 8 MB, which is what systems give. */
const STACK_KB = 3_900

const Columns = Type.Array(Type.Object({ path: Type.String(), kind: Type.String() }))
const ColumnsForm = Type.Object({
  columns: Columns,
  lists: Type.Array(Type.Object({ path: Type.String(), columns: Columns })),
})
const Problems = Type.Array(
  Type.Object({
    code: Type.Enum(Object.values(ProblemCode)),
    message: Type.String(),
    line: Type.Optional(Type.Integer()),
    column: Type.Optional(Type.Integer()),
  }),
  { maxItems: 1_000 },
)
/** What comes from a process that reads hostile texts is looked at like any other input. */
const answerForm = Compile(
  Type.Object({
    isSpent: Type.Boolean(),
    check: Type.Union([
      Type.Object({
        ok: Type.Literal(true),
        code: Type.String({ maxLength: 1_000_000 }),
        description: Type.String({ maxLength: 1_000 }),
        reads: ColumnsForm,
        offers: ColumnsForm,
        readsEverything: Type.Boolean(),
        warnings: Problems,
        names: Type.Array(Type.String({ maxLength: 201 }), { maxItems: 262_144 }),
      }),
      Type.Object({ ok: Type.Literal(false), problems: Problems }),
    ]),
  }),
)

const tooMuch = (message: string): Answer => {
  const problem: Problem = { code: ProblemCode.effort, message }
  return { check: { ok: false, problems: [problem] }, isSpent: true }
}

export interface CheckProcess {
  /** Throws where it cannot be started at all. */
  ask(question: Question): Promise<Answer>
  end(): void
}

/** Starts one. It ends with this process, and keeps this process alive only while it is asked. */
export function startCheckProcess({ answerMs, memoryMb }: CheckLimits): CheckProcess {
  const child: ChildProcess = fork(new URL('check-process.ts', import.meta.url), [], {
    // It reads its own files, and may do nothing else.
    execArgv: [
      '--permission',
      '--allow-fs-read=*',
      '--disable-warning=ExperimentalWarning',
      `--max-old-space-size=${memoryMb}`,
      `--stack-size=${STACK_KB}`,
    ],
    env: {},
    // What a process prints as it is ended by its memory limit tells nobody anything.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const rest = (): void => {
    child.unref()
    child.channel?.unref()
  }
  const next = (withinMs: number): Promise<unknown> => {
    const { promise, resolve } = Promise.withResolvers<unknown>()
    if (!child.connected) return Promise.resolve(undefined)
    child.ref()
    child.channel?.ref()
    const give = (message?: unknown): void => {
      clearTimeout(timer)
      child.off('message', give)
      child.off('exit', gone)
      child.off('error', gone)
      rest()
      resolve(message)
    }
    const gone = (): void => give()
    const timer = setTimeout(gone, withinMs)
    child.once('message', give).once('exit', gone).once('error', gone)
    return promise
  }
  // An end that nobody waits for is found by the next question.
  child.on('error', () => undefined)
  const ready = next(START_MS)
  return {
    async ask(question) {
      if ((await ready) === undefined) throw new Error('The process that reads sources did not start.')
      const answered = next(answerMs)
      if (child.connected) child.send(question, () => undefined)
      const answer = await answered
      if (answerForm.Check(answer)) return answer as Answer
      if (answer !== undefined)
        return tooMuch('the source cannot be read: what came of it makes no sense, which is our fault')
      return tooMuch(
        child.exitCode === null && child.signalCode === null
          ? `the source takes longer than ${answerMs / 1000} s to read; make it shorter or simpler`
          : 'the source takes more memory to read than there is for it; make it shorter or simpler',
      )
    },
    end: () => void child.kill('SIGKILL'),
  }
}
