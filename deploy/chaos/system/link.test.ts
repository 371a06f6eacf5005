import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openLink, type Link } from './link.ts'

const echo = createServer(socket => socket.on('error', () => undefined).pipe(socket))
let link: Link
let port: number

const portOf = (address: ReturnType<typeof echo.address>): number => (address as AddressInfo).port

beforeEach(async () => {
  await once(echo.listen(0, '127.0.0.1'), 'listening')
  const free = createServer().listen(0, '127.0.0.1')
  await once(free, 'listening')
  port = portOf(free.address())
  await once(free.close(), 'close')
  link = await openLink(port, portOf(echo.address()))
})

afterEach(async () => {
  await link.close()
  echo.close()
})

const say = async (socket: Socket, text: string): Promise<string> => {
  socket.write(text)
  const [answer] = (await once(socket, 'data')) as [Buffer]
  return String(answer)
}

test('a link carries both ways', async () => {
  const socket = connect(port, '127.0.0.1')
  expect(await say(socket, 'hello')).toBe('hello')
  socket.destroy()
})

test('a link that is cut resets connections, refuses new ones, and carries again when it is mended', async () => {
  const socket = connect(port, '127.0.0.1')
  await say(socket, 'hello')
  link.cut()
  await expect(once(socket, 'data')).rejects.toThrow(/ECONNRESET/)
  await expect(say(connect(port, '127.0.0.1'), 'again')).rejects.toThrow(/ECONNRESET|EPIPE/)
  link.mend()
  const later = connect(port, '127.0.0.1')
  expect(await say(later, 'later')).toBe('later')
  later.destroy()
})

test('a silent link keeps connections, and what was said meanwhile arrives when it is mended', async () => {
  const socket = connect(port, '127.0.0.1')
  await say(socket, 'hello')
  link.hang()
  let heard = ''
  socket.on('data', (piece: Buffer) => (heard += String(piece)))
  socket.write('meanwhile')
  const other = connect(port, '127.0.0.1')
  await once(other, 'connect')
  expect(heard).toBe('')
  link.mend()
  await once(socket, 'data')
  expect(heard).toBe('meanwhile')
  expect(await say(other, 'new')).toBe('new')
  socket.destroy()
  other.destroy()
})
