// The upstreams of a folder, kept running: one that is added begins, one that is changed begins anew with its new settings, one that is removed ends.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Logger } from 'pino'
import { type Registry } from 'prom-client'
import { openRegistryClient, startUpstream, upstreamAccess, upstreamMetrics, type Upstream } from '#hub'
import { openFeed } from '#mirrors'
import { type Check } from '../ops-server.ts'
import { type UpstreamConfig } from './config.ts'
import { type SurveyWatch, watchSurvey } from './survey-lag.ts'
import { type UpstreamFile, upstreamsIn } from './upstream-folder.ts'
import { openUpstreamReporter, type UpstreamReport } from './upstream-status.ts'

const LOOK_MS = 1000
/** A change of what hinders an upstream is reported at the next look, counts that move this often, and that nothing moves as a sign of life. */
const MOVING_MS = 2000
const RESTING_MS = 10_000
/** Packets of one upstream that wait for their transaction: three of them. */
const MAX_HELD_BYTES = 48 * 1024 * 1024

interface Running {
  readonly file: UpstreamFile
  readonly upstream: Upstream | undefined
  readonly survey: SurveyWatch | undefined
  close: () => Promise<void>
}

export interface RunningUpstreams {
  readonly checks: () => readonly Check[]
  /** Resolves after the signal, when everything is closed; rejects when another process has taken an upstream over. */
  readonly done: Promise<void>
}

/** Follows the folder; answers at once. */
export const runUpstreams = (
  config: UpstreamConfig,
  log: Logger,
  registry: Registry,
  signal: AbortSignal,
): RunningUpstreams => {
  const { hub, dir } = config
  const metrics = upstreamMetrics(registry)
  const reporter = openUpstreamReporter(hub)
  const running = new Map<string, Running>()
  const { promise: takenOver, reject: giveUp } = Promise.withResolvers<never>()
  takenOver.catch(() => undefined)
  /** Until it has been read nobody knows which upstreams there are. */
  let folderProblem: string | undefined = 'not read yet'
  let hasLooked = false

  const begin = (name: string, file: UpstreamFile): Running => {
    const { settings } = file
    if (settings === undefined) {
      log.error({ upstream: name, why: file.problem }, 'the file of an upstream cannot be used')
      return { file, upstream: undefined, survey: undefined, close: async () => undefined }
    }
    log.info({ upstream: name, topic: settings.topic, stream: settings.stream }, 'an upstream begins')
    const ending = new AbortController()
    const upstream = startUpstream({
      name,
      settings,
      hub,
      registry: openRegistryClient(config.registryUrl, ending.signal),
      openFeed: (from, stopped) =>
        openFeed({
          access: upstreamAccess(settings),
          topic: settings.topic,
          clientId: `${settings.user}.skysieve`,
          from,
          signal: stopped,
          maxBytes: MAX_HELD_BYTES,
        }),
      metrics,
      log,
    })
    upstream.ended.catch(giveUp)
    const survey = watchSurvey(settings, upstream.state, ending.signal)
    return {
      file,
      upstream,
      survey,
      close: async () => {
        await upstream.close()
        ending.abort()
        await survey.ended
      },
    }
  }

  const reportOf = (name: string, { file, upstream, survey }: Running): UpstreamReport => ({
    name,
    settings: file.settings,
    state: upstream?.state(),
    problem: file.problem ?? upstream?.problem() ?? survey?.problem(),
    lag: survey?.latest(),
    schemas: upstream?.schemas() ?? [],
  })
  const reports = (): UpstreamReport[] => [...running].map(([name, one]) => reportOf(name, one))

  const follow = async (): Promise<void> => {
    const found = await upstreamsIn(dir)
    for (const [name, one] of running) {
      if (found.get(name)?.text === one.file.text) continue
      await one.close()
      running.delete(name)
      if (!found.has(name)) {
        metrics.forget(name)
        log.info({ upstream: name }, 'an upstream was removed')
      }
    }
    for (const [name, file] of found) if (!running.has(name)) running.set(name, begin(name, file))
  }

  /** Runs a job again and again; a failure is logged when its reason is new. */
  const repeat = async (everyMs: number, what: string, action: () => Promise<void>): Promise<void> => {
    let said = ''
    while (!signal.aborted) {
      const why = await action().then(
        () => '',
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      )
      if (why !== said && why !== '') log.warn({ why }, what)
      said = why
      await sleep(everyMs, undefined, { signal }).catch(() => undefined)
    }
  }

  const look = async (): Promise<void> => {
    try {
      await follow()
      folderProblem = undefined
      hasLooked = true
    } catch (error) {
      folderProblem = error instanceof Error ? error.message : String(error)
      throw error
    }
  }
  let reported = { hindered: '', counts: '', atMs: -Infinity }
  const report = async (): Promise<void> => {
    if (!hasLooked) return
    const now = reports()
    for (const { name, problem, lag } of now) {
      metrics.isCopying(name, problem === undefined)
      metrics.lag(name, lag)
    }
    const hindered = JSON.stringify(now.map(({ name, problem, state }) => [name, problem, state?.gaps.length]))
    const counts = JSON.stringify(now.map(({ state, lag }) => [state?.progress.packets, lag?.alerts]))
    const agedMs = performance.now() - reported.atMs
    const isDue = agedMs >= (counts === reported.counts ? RESTING_MS : MOVING_MS)
    if (hindered === reported.hindered && !isDue) return
    await reporter.report(now)
    reported = { hindered, counts, atMs: performance.now() }
  }

  const end = async (): Promise<void> => {
    const jobs = Promise.all([
      repeat(LOOK_MS, 'the folder of upstreams cannot be read', look),
      repeat(LOOK_MS, 'the hub takes no reports of upstreams; trying again', report),
    ])
    await Promise.race([jobs, takenOver])
    await Promise.all([...running.values()].map(one => one.close()))
    await reporter.close()
  }

  return {
    checks: () => [
      folderProblem === undefined
        ? { name: 'folder', ok: true }
        : { name: 'folder', ok: false, reason: `${dir}: ${folderProblem}` },
      ...reports().map(({ name, problem }) =>
        problem === undefined ? { name, ok: true } : { name, ok: false, reason: `${name}: ${problem}` },
      ),
    ],
    done: end(),
  }
}
