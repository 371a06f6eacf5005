// The archive on S3, or on any server that speaks it. An object is durable when the server has acknowledged it.
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3'
import { runOnStore } from './store-failure.ts'
import { type S3Settings } from './s3-settings.ts'
import { type ArchiveStore, checkKey } from './store-interface.ts'

/** Connections to the server; an archiver stores 32 objects at a time. */
const MAX_SOCKETS = 48
const CONNECT_LIMIT_MS = 5000
const ANSWER_LIMIT_MS = 20_000
/** The library's own attempts, with back-off; whoever archives goes on trying after them. */
const ATTEMPTS = 4
const NOT_FOUND = 404
const PRECONDITION_FAILED = 412
const CONFLICT = 409

const statusOf = (error: unknown): number | undefined =>
  error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined

/** Opens the store of a bucket; connects to nothing until used. */
export const openS3Store = (settings: S3Settings): ArchiveStore => {
  const { bucket, prefix, accessKeyId, secretAccessKey, endpoint, region, pathStyle } = settings
  const agents = { keepAlive: true, maxSockets: MAX_SOCKETS }
  const client = new S3Client({
    region,
    forcePathStyle: pathStyle,
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: ATTEMPTS,
    // Servers other than Amazon's may store the trailer that the default adds as part of the object.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: CONNECT_LIMIT_MS,
      requestTimeout: ANSWER_LIMIT_MS,
      httpAgent: new HttpAgent(agents),
      httpsAgent: new HttpsAgent(agents),
    },
    ...(endpoint === undefined ? {} : { endpoint }),
  })
  const base = prefix === undefined ? '' : `${prefix}/`
  const where = (key: string) => ({ Bucket: bucket, Key: base + key })
  const orAbsent = async <T>(answer: Promise<T>): Promise<T | undefined> => {
    try {
      return await answer
    } catch (error) {
      if (statusOf(error) === NOT_FOUND && !isNoBucket(error)) return undefined
      throw error
    }
  }
  const read = <T>(what: string, action: () => Promise<T>): Promise<T> =>
    runOnStore('HUB_ARCHIVE_READ', `${what} of the bucket ${bucket}`, action)
  const write = <T>(what: string, action: () => Promise<T>): Promise<T> =>
    runOnStore('HUB_ARCHIVE_WRITE', `${what} in the bucket ${bucket}`, action)

  const put = async (key: string, bytes: Uint8Array): Promise<'stored' | 'exists'> => {
    try {
      await client.send(new PutObjectCommand({ ...where(key), Body: bytes, IfNoneMatch: '*' }))
      return 'stored'
    } catch (error) {
      const status = statusOf(error)
      if (status === PRECONDITION_FAILED) return 'exists'
      // Somebody else puts the same key at this moment: what is there afterwards decides.
      if (status === CONFLICT && (await head(key)) !== undefined) return 'exists'
      throw error
    }
  }
  /** Not every server decides between two at once: within this process one waits for the other. */
  const underWay = new Map<string, Promise<unknown>>()
  const putInTurn = async (key: string, bytes: Uint8Array): Promise<'stored' | 'exists'> => {
    const before = underWay.get(key)
    const outcome = (before ?? Promise.resolve()).then(
      () => put(key, bytes),
      () => put(key, bytes),
    )
    underWay.set(key, outcome)
    try {
      return await outcome
    } finally {
      if (underWay.get(key) === outcome) underWay.delete(key)
    }
  }
  const head = async (key: string): Promise<{ bytes: number } | undefined> => {
    const found = await orAbsent(client.send(new HeadObjectCommand(where(key))))
    return found === undefined ? undefined : { bytes: found.ContentLength ?? 0 }
  }
  async function* list(start: string, after?: string): AsyncGenerator<string> {
    for (let token: string | undefined; ;) {
      const page = await read('Listing', () =>
        client.send(
          new ListObjectsV2Command({
            Bucket: bucket,
            Prefix: base + start,
            ...(after === undefined ? {} : { StartAfter: base + after }),
            ...(token === undefined ? {} : { ContinuationToken: token }),
          }),
        ),
      )
      for (const { Key } of page.Contents ?? []) if (Key !== undefined) yield Key.slice(base.length)
      if (page.IsTruncated !== true) return
      token = page.NextContinuationToken
    }
  }

  return {
    put: (key, bytes) => {
      checkKey(key)
      return write(`Storing ${key}`, () => putInTurn(key, bytes))
    },
    get: key => {
      checkKey(key)
      return read(`Reading ${key}`, async () => {
        const found = await orAbsent(client.send(new GetObjectCommand(where(key))))
        return found?.Body === undefined ? undefined : Buffer.from(await found.Body.transformToByteArray())
      })
    },
    head: key => {
      checkKey(key)
      return read(`Looking for ${key}`, () => head(key))
    },
    list,
    delete: key => {
      checkKey(key)
      return write(`Deleting ${key}`, async () => {
        await client.send(new DeleteObjectCommand(where(key)))
      })
    },
    sync: async () => undefined,
    close: async () => client.destroy(),
  }
}

const isNoBucket = (error: unknown): boolean => error instanceof S3ServiceException && error.name === 'NoSuchBucket'
