// The end of a command that is done: by itself where nothing is left to do, and after a while in any case.

/** What a command has opened is closed before; this is for what closing has missed. */
const LEFT_MS = 5_000
const LOOK_AGAIN_MS = 100

const isWritten = ({ stdout, stderr }: NodeJS.Process): boolean =>
  [stdout, stderr].every(stream => stream.destroyed || stream.writableLength === 0)

/** Ends this process within `leftMs`, though not before its reader has taken all it printed. */
export function endSoon(leftMs = LEFT_MS): void {
  const end = (): void => {
    if (isWritten(process)) process.exit()
    setTimeout(end, LOOK_AGAIN_MS)
  }
  setTimeout(end, leftMs).unref()
}
