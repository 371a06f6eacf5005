// The seccomp profile of every container, as the JSON text the engine takes. It goes with each create, so nothing depends on the engine's own.
import { ALLOWED, CONDITIONS, UNKNOWN_TO_THE_KERNEL } from './allowed-system-calls.ts'

const EPERM = 1
const ENOSYS = 38

/** For containers on x86-64. */
export const SECCOMP_PROFILE = JSON.stringify({
  defaultAction: 'SCMP_ACT_ERRNO',
  defaultErrnoRet: EPERM,
  archMap: [{ architecture: 'SCMP_ARCH_X86_64', subArchitectures: [] }],
  syscalls: [
    { names: ALLOWED, action: 'SCMP_ACT_ALLOW' },
    ...CONDITIONS.map(({ name, argument, op, value, valueTwo = 0 }) => ({
      names: [name],
      action: 'SCMP_ACT_ALLOW',
      args: [{ index: argument, value, valueTwo, op }],
    })),
    { names: UNKNOWN_TO_THE_KERNEL, action: 'SCMP_ACT_ERRNO', errnoRet: ENOSYS },
  ],
})
