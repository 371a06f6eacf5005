// The schema notices are written by, under an id that the registry has: it is looked up again and again, and registered again where somebody took it away.
import { setTimeout as sleep } from 'node:timers/promises'
import { NOTICE_SCHEMA, noticesSubject, type RegistryClient } from '#hub'
import { type Logger } from 'pino'

export interface NoticeSchemaOptions {
  readonly client: Pick<RegistryClient, 'register'>
  readonly stream: string
  readonly log: Pick<Logger, 'warn'>
  readonly signal: AbortSignal
  readonly everyMs?: number
}

const EVERY_MS = 15_000

/** Answers the id that holds now. Rejects where the registry does not answer at first; later the last id stays until it does. */
export const keepNoticeSchema = async ({
  client,
  stream,
  log,
  signal,
  everyMs = EVERY_MS,
}: NoticeSchemaOptions): Promise<() => number> => {
  const subject = noticesSubject(stream)
  let id = await client.register(subject, NOTICE_SCHEMA)
  const keep = async (): Promise<void> => {
    for (;;) {
      await sleep(everyMs, undefined, { signal, ref: false })
      const found = await client.register(subject, NOTICE_SCHEMA).catch(() => id)
      if (found !== id)
        log.warn({ subject, before: id, id: found }, 'the registry has the notices’ schema under another id')
      id = found
    }
  }
  keep().catch(() => undefined)
  return () => id
}
