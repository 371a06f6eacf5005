// What the operator sees: a line per process while a system starts, then one screen. Plain lines when nobody watches a terminal.
import { type ProcessEvent } from './supervise/supervisor.ts'

export interface Screen {
  readonly isTerminal: boolean
  readonly write: (text: string) => void
}

export interface Dashboard {
  readonly step: (name: string, state: string) => void
  readonly event: (event: ProcessEvent) => void
  readonly note: (text: string) => void
}

const NAME_WIDTH = 20
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

/** On a terminal the line of a process is rewritten in place while the system starts; notes and deaths are lines of their own. */
export const openDashboard = (screen: Screen): Dashboard => {
  const rows: string[] = []
  const states = new Map<string, string>()
  const line = (name: string): string => `  ${name.padEnd(NAME_WIDTH)} ${states.get(name) ?? ''}`

  const show = (name: string, state: string): void => {
    const known = states.has(name)
    states.set(name, state)
    if (!known) rows.push(name)
    if (!screen.isTerminal || !known) return screen.write(`${line(name)}\n`)
    const up = rows.length - rows.indexOf(name)
    screen.write(`\u001B[${up}A\u001B[2K${line(name)}\r\u001B[${up}B`)
  }
  /** Text between the rows would break the counting upwards: rows begin anew below it. */
  const note = (text: string): void => {
    screen.write(`${text}\n`)
    rows.length = 0
    states.clear()
  }

  return {
    step: show,
    note,
    event: event => {
      if (event.type === 'starting') show(event.name, 'starting …')
      else if (event.type === 'waiting') show(event.name, `waits: ${event.reason}`)
      else if (event.type === 'ready') show(event.name, `ready after ${seconds(event.afterMs)}`)
      else if (event.type === 'stopped') show(event.name, 'stopped')
      else note(describeDeath(event))
    },
  }
}

const describeDeath = ({ name, how, delayMs, lines }: Extract<ProcessEvent, { type: 'died' }>): string =>
  [
    `  ${name} ended: ${how.replace(/\.$/, '')}. Starting it again in ${seconds(delayMs)}.${lines.length === 0 ? '' : ' Its last lines:'}`,
    ...lines.map(text => `    ${text}`),
  ].join('\n')

export interface Welcome {
  readonly startedInMs: number
  readonly apiUrl: string
  readonly hub: string
  readonly nodes: readonly string[]
  readonly registry: string
  /** How other machines reach the API, and what they trust; undefined where they do not. */
  readonly outside: string | undefined
  readonly dataDir: string
  readonly tokenFile: string
  readonly playing: string
  /** Whether Python filters run, or why not. */
  readonly python: string
}

const nodesText = (nodes: readonly string[]): string =>
  nodes.length === 0
    ? '  nodes      none on this machine; add others with: npx skysieve node add'
    : nodes.map((address, at) => `  node${at + 1}      ${address}`).join('\n')

/** The screen of a running system. The token itself is not printed: terminals are scrolled, shared and recorded. */
export const welcome = (system: Welcome): string =>
  `
Skysieve runs (started in ${seconds(system.startedInMs)}).

  API        ${system.apiUrl}
  hub        ${system.hub}
${nodesText(system.nodes)}
  registry   ${system.registry}${system.outside === undefined ? '' : `\n  outside    ${system.outside}`}
  stream     ${system.playing}
  Python     ${system.python}
  data, logs ${system.dataDir}
  admin      token in ${system.tokenFile}

In another terminal:

  export SKYSIEVE_URL=${system.apiUrl} SKYSIEVE_TOKEN=$(cat ${system.tokenFile})
  npx skysieve filter list
  npx skysieve topic consume bright-new-transients

Ctrl-C stops everything; the next start goes on from here.
`

export interface NodeWelcome {
  readonly startedInMs: number
  readonly name: string
  /** Of the hub's API. */
  readonly apiUrl: string
  readonly hub: string
  readonly broker: string
  readonly dataDir: string
}

/** The screen of a node alone on its machine, once it has all that the hub had when it came. */
export const nodeWelcome = (node: NodeWelcome): string =>
  `
Skysieve runs: ${node.name} is ready (started in ${seconds(node.startedInMs)}).

  hub        ${node.hub}
  its API    ${node.apiUrl}
  broker     ${node.broker}
  data, logs ${node.dataDir}

Filters come by themselves. Ctrl-C stops this node; the next start goes on from here, also while the hub is away.
`
