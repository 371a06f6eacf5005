// Settings of the engine process: where the Docker engine of a system lies, or which one of the machine it uses.
import { Type, type Static } from 'typebox'

export const EngineConfig = Type.Object(
  {
    /** Everything of the engine; `docker.sock` in it answers as soon as Python filters can run. */
    dir: Type.String(),
    /** Tells this system's containers from others of the machine. */
    label: Type.String({ pattern: '^[a-z0-9-]{1,32}$' }),
    /** Where the assembled Python image is kept. */
    cacheDir: Type.String(),
    /** The socket of an engine that is there already; without it one is started. */
    socket: Type.Optional(Type.String()),
    /** The dockerd that is started. */
    program: Type.String({ default: 'dockerd' }),
    opsPort: Type.Integer({ minimum: 1, maximum: 65_535 }),
    logLevel: Type.Enum(['debug', 'info', 'warn', 'error', 'silent'], { default: 'info' }),
  },
  { additionalProperties: false },
)
export type EngineConfig = Static<typeof EngineConfig>
