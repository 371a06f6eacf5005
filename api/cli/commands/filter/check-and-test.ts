// `skysieve filter check|test`: a filter before it is submitted, without an account.
import { resolve } from 'node:path'
import { InvalidArgumentError, Option } from 'commander'
import type { Trial } from '#filters'
import { CliError, EXIT } from '../../output/exit-codes.ts'
import type { AddCommands } from '../../context/add-commands.ts'
import { sessionOf } from '../../connection/session.ts'
import { readSource } from './source-file.ts'

interface CheckOptions {
  readonly stream: string
  readonly cutouts?: boolean
  readonly cap: number
  readonly policy: 'first' | 'best'
}

interface TestOptions {
  readonly stream: string
  readonly cap: number
  readonly alerts: number
  readonly packets?: string
  readonly cutouts?: boolean
  readonly expectMatch?: boolean
}

const PROGRESS_EVERY = 250

/** A filter that is tried on no alert at all would look as if it were in order. */
function countOf(text: string): number {
  const count = Number(text)
  if (Number.isInteger(count) && count > 0) return count
  throw new InvalidArgumentError('Give a whole number above 0.')
}

export const addCheckAndTest: AddCommands = (filter, context) => {
  filter
    .command('check <file>')
    .description('look for problems in a filter without running it')
    .option('--stream <stream>', 'the stream it is for', 'lsst')
    .option('--cutouts', 'it asks for cutouts')
    .option('--cap <n>', 'deliveries per visit at most', countOf, 20)
    .addOption(new Option('--policy <policy>', 'first or best').choices(['first', 'best']).default('first'))
    .action(async (file: string, { stream, cutouts = false, cap, policy }: CheckOptions, command) => {
      const { out } = sessionOf(command, context)
      const { checked } = await import('./local-run.ts')
      const source = await readSource(context.directory, file)
      const { description, readsEverything, warnings, reads } = await checked(source, { stream, cutouts, cap, policy })
      const fields = [...reads.columns, ...reads.lists].map(({ path }) => path)
      if (file.endsWith('.py'))
        out.progress('Python checks its own syntax when the filter is loaded: skysieve filter test')
      for (const { line, column, message } of warnings) out.progress(`warning ${line ?? 1}:${column ?? 1} ${message}`)
      out.result(
        { ok: true, description, readsEverything, warnings, fields },
        () => `${file} has no problems. It reads ${fields.join(', ')}.`,
      )
    })

  filter
    .command('test <file>')
    .description('run a filter on a visit in the production sandbox; needs no account')
    .option('--stream <stream>', 'the stream it is for', 'lsst')
    .option('--cap <n>', 'deliveries of the visit at most', countOf, 20)
    .option('--alerts <n>', 'alerts of the bundled visit', countOf, 1000)
    .option('--packets <file>', 'run on a file of packets (skysieve stream create) instead')
    .option('--cutouts', 'it asks for cutouts')
    .option('--expect-match', 'exit with 4 if nothing passes')
    .action(async (file: string, options: TestOptions, command) => {
      const { out } = sessionOf(command, context)
      const { checked, runLocally, trialView } = await import('./local-run.ts')
      const source = await readSource(context.directory, file)
      const { cap, alerts, packets, stream, cutouts = false } = options
      const check = await checked(source, { stream, cutouts })
      if (!context.openSandbox) {
        const message = 'This program was built without a sandbox; run the command as `skysieve filter test`.'
        throw new CliError('CLI_SANDBOX_MISSING', EXIT.ourFault, message)
      }
      for (const { line, column, message } of check.warnings)
        out.progress(`warning ${line ?? 1}:${column ?? 1} ${message}`)
      const sandbox = await context.openSandbox(source.language)
      let shown = 0
      const onProgress = ({ alerts: done, passed, errors }: Trial): void => {
        if (done - shown < PROGRESS_EVERY) return
        shown = done
        out.progress(`${done} alerts, ${passed} passed, ${errors} errors`)
      }
      try {
        const from = packets === undefined ? {} : { packets: resolve(context.directory, packets) }
        const trial = await runLocally({ file: source, check, sandbox, stream, cap, alerts, ...from, onProgress })
        out.result(trialView(trial), () => summary(trial))
        refuseBadTrial(file, trial, options.expectMatch ?? false)
      } finally {
        await sandbox.close()
      }
    })
}

/** @throws CliError when the filter failed, or passed nothing although it should. */
function refuseBadTrial(
  file: string,
  { failure, firstError, errors, alerts, passed }: Trial,
  expectMatch: boolean,
): void {
  if (failure) {
    const problems = [{ ...failure.error }]
    throw new CliError('CLI_FILTER_FAILED', EXIT.filterFault, `${file} failed: ${failure.error.message}.`, { problems })
  }
  if (firstError && errors === alerts) {
    const { alert: _alert, ...problem } = firstError
    const message = `${file} fails on every alert: ${firstError.message}.`
    throw new CliError('CLI_FILTER_FAILED', EXIT.filterFault, message, { problems: [problem] })
  }
  if (expectMatch && passed === 0) {
    throw new CliError('CLI_NO_MATCH', EXIT.noMatch, `${file} passes none of ${alerts} alerts.`)
  }
}

function summary({ alerts, passed, matches, overCap, errors, costUs, firstError, learned }: Trial): string {
  const cost = (['t50', 't90', 't99'] as const).map(name => `${name} ${costUs[name].toFixed(1)}`).join('  ')
  return [
    ...matches.map(
      ({ alert, visit, score }) => `alert ${alert}  visit ${visit}${score === undefined ? '' : `  score ${score}`}`,
    ),
    `${alerts} alerts: ${passed} passed, ${matches.length} within the cap, ${overCap} over it, ${errors} errors`,
    `cost per alert in µs: ${cost}`,
    ...(learned.length === 0
      ? []
      : [
          `fields it reads although their names do not stand in it: ${learned.join(', ')}`,
          'it is given them from the first alert on that needs them, and what it passes does not depend on it; to name them costs less',
        ]),
    ...(firstError
      ? [`first error: ${firstError.message} (line ${firstError.line ?? '?'}, alert ${firstError.alert})`]
      : []),
  ].join('\n')
}
