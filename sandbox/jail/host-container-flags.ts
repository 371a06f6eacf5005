// How an isolate host's container is made, where bubblewrap cannot run: as little as bubblewrap leaves it. A pure function, so that a proof can compare with it.
import { type ContainerCreateOptions } from 'dockerode'
import { INSIDE } from '../image/isolate-host/host-program.ts'
import { CPU_SHARES } from '../machine/cpu-group.ts'
import { nanoCpus } from '../machine/cpu-quota.ts'
import { MACHINES } from './allowed-system-calls.ts'
import { HOST_ENVIRONMENT } from './jail.ts'

export interface HostPlan {
  readonly image: string
  readonly labels: Readonly<Record<string, string>>
  readonly nodeFlags: readonly string[]
  readonly entry: string
  /** Directories of the ring and the intent record. */
  readonly ring: string
  readonly intent: string
  readonly memoryMb: number
  /** Processors at most: a host is one thread and V8's helpers. */
  readonly processors: number
  /** It gives way to other hosts. */
  readonly givesWay: boolean
}

const MB = 1_048_576
const NOBODY = '65534:65534'
/** Node's and isolated-vm's threads; there is no other process. */
const THREADS = 64
const DESCRIPTORS = 64
/** The intent record. */
const FILE_BYTES = 65_536
const USUAL_SHARES = 1024
const EPERM = 1
const ENOSYS = 38
const CLONE_THREAD = 0x0001_0000

/** runc's own last steps, which come after the filter is in place. */
const RUNC = 'capset chdir fchdir fstatfs statfs setgid setgroups setuid setresgid setresuid umask close_range'.split(
  ' ',
)

/** The allow-list of the isolate host as the JSON text an engine takes, for the machines this runs on. */
export function hostSeccompProfile(): string {
  const named = (pick: 'allowed' | 'absent'): string[] => [
    ...new Set(Object.values(MACHINES).flatMap(machine => [...machine[pick].keys()])),
  ]
  return JSON.stringify({
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: EPERM,
    archMap: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_AARCH64'].map(architecture => ({ architecture, subArchitectures: [] })),
    syscalls: [
      { names: [...named('allowed'), ...RUNC], action: 'SCMP_ACT_ALLOW' },
      {
        names: ['clone'],
        action: 'SCMP_ACT_ALLOW',
        args: [{ index: 0, value: CLONE_THREAD, valueTwo: CLONE_THREAD, op: 'SCMP_CMP_MASKED_EQ' }],
      },
      { names: named('absent'), action: 'SCMP_ACT_ERRNO', errnoRet: ENOSYS },
    ],
  })
}

const SECCOMP_PROFILE = hostSeccompProfile()

/** Create options: as a filter's container has them, but nothing to write to except the intent record, and no process besides Node. */
export function hostFlags(plan: HostPlan): ContainerCreateOptions {
  const bytes = plan.memoryMb * MB
  return {
    Image: plan.image,
    Labels: { ...plan.labels },
    Entrypoint: [INSIDE.node, ...plan.nodeFlags, `${INSIDE.code}/${plan.entry}`, '/ring/ring', '/intent/intent'],
    Cmd: [],
    Env: Object.entries(HOST_ENVIRONMENT).map(([name, value]) => `${name}=${value}`),
    User: NOBODY,
    WorkingDir: '/app',
    Tty: false,
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    NetworkDisabled: true,
    StopSignal: 'SIGKILL',
    HostConfig: {
      NetworkMode: 'none',
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges', `seccomp=${SECCOMP_PROFILE}`],
      PidsLimit: THREADS,
      Memory: bytes,
      MemorySwap: bytes,
      NanoCpus: nanoCpus(plan.processors),
      CpuShares: plan.givesWay ? CPU_SHARES : USUAL_SHARES,
      OomScoreAdj: 1000,
      IpcMode: 'none',
      // In the engine's API since 1.40, but not in the types.
      ...({ CgroupnsMode: 'private' } as const),
      Init: false,
      LogConfig: { Type: 'none', Config: {} },
      Ulimits: [
        { Name: 'nofile', Soft: DESCRIPTORS, Hard: DESCRIPTORS },
        { Name: 'core', Soft: 0, Hard: 0 },
        { Name: 'fsize', Soft: FILE_BYTES, Hard: FILE_BYTES },
      ],
      Binds: [`${plan.ring}:/ring:ro`, `${plan.intent}:/intent:rw`],
    },
  }
}
