// Runs in place of a host, inside the jail: loads isolates as a host does, then tries to get out. Used by escape.fixture.ts only.
import childProcess from 'node:child_process'
import dgram from 'node:dgram'
import dns from 'node:dns/promises'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import { createRequire } from 'node:module'

const [ringPath, intentPath] = process.argv.slice(2)
const RING = ringPath === undefined ? 3 : fs.openSync(ringPath, 'r')
const INTENT = intentPath === undefined ? 4 : fs.openSync(intentPath, fs.constants.O_WRONLY)
/** PATH and HOSTNAME are a container engine's. */
const USUAL_VARIABLES = ['TZ', 'LANG', 'LC_ALL', 'HOME', 'PWD', 'PATH', 'HOSTNAME']
const target = JSON.parse(fs.readFileSync(0, { encoding: 'utf8', flag: 'r' }).split('\n')[0])
const found = {}

const connecting = socket =>
  new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.once('connect', () => resolve('connected'))
  })
const spawned = child =>
  new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('spawn', () => resolve('spawned'))
  })

const acts = {
  isolates() {
    const ivm = createRequire(import.meta.url)('isolated-vm')
    const context = new ivm.Isolate().createContextSync()
    if (context.evalSync('6 * 7') !== 42) throw new Error('isolates do not work')
    return 'work'
  },
  'read secret': () => fs.readFileSync(target.secret, 'utf8'),
  'read password file': () => fs.readFileSync('/etc/passwd', 'utf8'),
  'list home': () => fs.readdirSync('/root').join(),
  'list homes': () => fs.readdirSync('/home').join(),
  'list proc': () => fs.readdirSync('/proc').join(),
  'list sys': () => fs.readdirSync('/sys').join(),
  'list dev': () => fs.readdirSync('/dev').join(),
  'list tmp': () => fs.readdirSync('/tmp').join(),
  'list memory files': () => fs.readdirSync('/dev/shm').join(),
  'read other environment': () => fs.readFileSync(`/proc/${target.pid}/environ`, 'utf8'),
  'read other memory': () => fs.openSync(`/proc/${target.pid}/mem`, 'r+'),
  'write root': () => fs.writeFileSync('/x', 'x'),
  'write program': () => fs.writeFileSync('/app/code/x', 'x'),
  'write over program': () => fs.appendFileSync('/app/code/guest/host/main.mjs', '//'),
  'write over node': () => fs.openSync('/app/node', 'r+'),
  'write tmp': () => fs.writeFileSync('/tmp/x', 'x'),
  'make directory': () => fs.mkdirSync('/app/new'),
  'make link': () => fs.symlinkSync('/', '/app/link'),
  'open ring for writing': () => fs.openSync(ringPath ?? '/dev/fd/3', 'r+'),
  'write beside intent': () => fs.writeFileSync('/intent/x', 'x'),
  'write ring': () => fs.writeSync(RING, 'x'),
  'cut ring': () => fs.ftruncateSync(RING),
  'change mode of ring': () => fs.fchmodSync(RING, 0o666),
  'change owner of intent': () => fs.fchownSync(INTENT, 0, 0),
  'other descriptors': () => {
    const open = []
    for (let fd = 5; fd < 64; fd++) {
      if (fd === RING || fd === INTENT) continue
      try {
        const stat = fs.fstatSync(fd)
        if (stat.isFile() || stat.isDirectory() || stat.isBlockDevice()) open.push(fd)
      } catch {
        // not open
      }
    }
    if (open.length === 0) throw new Error('none')
    return open.join()
  },
  'big intent': () => {
    fs.writeSync(INTENT, 'x', 64 * 1024 * 1024)
    return 'written'
  },
  'secrets in environment': () => {
    const names = Object.keys(process.env).filter(name => !USUAL_VARIABLES.includes(name))
    if (names.length === 0) throw new Error('none')
    return names.join()
  },
  connect: () => connecting(net.connect(target.port, '127.0.0.1')),
  'connect to a socket file': () => connecting(net.connect('/run/docker.sock')),
  'send datagram': () =>
    new Promise((resolve, reject) => {
      const socket = dgram.createSocket('udp4')
      socket.once('error', reject)
      socket.send('x', target.port, '127.0.0.1', error => (error ? reject(error) : resolve('sent')))
    }),
  listen: () =>
    new Promise((resolve, reject) =>
      net
        .createServer()
        .once('error', reject)
        .listen(0, () => resolve('listening')),
    ),
  'look up a name': () => dns.lookup('localhost.localdomain'),
  spawn: () => spawned(childProcess.spawn('/app/node', ['-v'])),
  'signal parent': () => process.kill(process.ppid, 'SIGTERM'),
  'signal init': () => process.kill(1, 'SIGKILL'),
  'signal everybody': () => process.kill(-1, 'SIGTERM'),
  'trace another': () => process._debugProcess(target.pid),
  'become root': () => process.setuid(0),
  'join groups': () => process.setgroups([0]),
  'raise priority': () => os.setPriority(0, -20),
}

for (const [name, act] of Object.entries(acts)) {
  if (target.only !== '' && target.only !== name) continue
  try {
    found[name] = String((await act()) ?? 'done')
  } catch (error) {
    found[name] = `refused: ${error.code ?? error.message}`
  }
}
fs.writeSync(1, JSON.stringify(found))
process.exit(0)
