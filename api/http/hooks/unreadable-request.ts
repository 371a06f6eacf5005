// Requests that are not HTTP, or whose head does not fit: no route sees them, and they are answered like all others.
import { randomUUID } from 'node:crypto'
import { type Socket } from 'node:net'
import { ApiError } from '../../errors.ts'
import { problemOf } from '../answers/problem.ts'

/** Answers over the bare connection and ends it. */
export function refuseUnreadable(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const isTooLarge = error.code === 'HPE_HEADER_OVERFLOW'
  const refusal = isTooLarge
    ? new ApiError('API_HEAD_TOO_LARGE', 'Address and headers may have 16 KB together. Ask for less at once.')
    : new ApiError('API_REQUEST_INVALID', 'What came is not a request of HTTP/1.1, or it came too slowly.')
  const document = problemOf(refusal, randomUUID())
  const body = JSON.stringify(document)
  const head = [
    `HTTP/1.1 ${document.status} ${isTooLarge ? 'Request Header Fields Too Large' : 'Bad Request'}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${document.requestId}`,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
