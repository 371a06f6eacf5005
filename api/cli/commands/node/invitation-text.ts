// What an operator is told of a join token: for whom it is, until when, and the command to type on that machine.

export interface Invited {
  readonly node: string
  /** Of a cell: for which of its machines. */
  readonly machine?: number
  readonly token: string
  readonly joinUrl: string
  /** When the token ends. */
  readonly until: string
  /** Where the token was written; on the screen it is shown where absent. */
  readonly file?: string
}

/** A node on another machine has to say by which address it is reached. */
const joinCommand = (url: string, file: string): string =>
  `  npm start -- --join ${url} --token-file ${file}${url.startsWith('https:') ? ' --listen ADDRESS' : ''}`

export function invitationText({ node, machine, token, joinUrl, until, file }: Invited): string {
  const who = machine === undefined ? `Node ${node}` : `Machine ${machine} of ${node}`
  const name = machine === undefined ? `${node}.token` : `${node}.token.${machine}`
  return file === undefined
    ? [
        `${who} can join until ${until}. Its token, shown only now:`,
        token,
        'On its machine, put the token into a file that only you can read (umask 077), and start the node:',
        joinCommand(joinUrl, name),
      ].join('\n')
    : [
        `${who} can join until ${until}. Its token is in ${file}, which only you can read.`,
        'Take that file to its machine, and start the node there:',
        joinCommand(joinUrl, name),
      ].join('\n')
}
