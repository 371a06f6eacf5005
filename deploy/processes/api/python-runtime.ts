// What the API knows of Python: the image's interpreter and libraries, and whether containers can be made now.
import { type PythonRuntime } from '#api'
import { openEngine, PYTHON_VERSION, pythonLibraries, reachEngine, type WholeSandbox } from '#sandbox'

const AWAY =
  'Python filters cannot run at the moment: the Docker engine does not answer. After a start that takes a while; if it stays so, the log of the process `engine` says why.'

/** `socket` is undefined where there are no containers; the operator's settings then say why. */
export const pythonRuntime = (sandbox: WholeSandbox, socket: string | undefined): PythonRuntime => ({
  version: PYTHON_VERSION,
  libraries: pythonLibraries(),
  reach: async () => {
    if (socket === undefined) throw new Error(AWAY)
    try {
      await reachEngine(openEngine(socket), socket)
      await sandbox.containers()
    } catch (cause) {
      throw new Error(AWAY, { cause })
    }
  },
})
