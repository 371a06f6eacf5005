// How a filter's container is made: everything is taken away that Python does not need. A pure function, so that a proof can compare with it.
import { type ContainerCreateOptions } from 'dockerode'
import { CPU_SHARES } from '../../machine/cpu-group.ts'
import { nanoCpus } from '../../machine/cpu-quota.ts'
import { containerMb } from './memory-limit.ts'
import { SECCOMP_PROFILE } from './seccomp-profile.ts'

export interface ContainerPlan {
  readonly image: string
  readonly labels: Readonly<Record<string, string>>
  /** Directory of the program in the container. */
  readonly guest: string
  /** Directory of the ring. */
  readonly ring: string
  /** The filter's own limit. */
  readonly memoryMb: number
  /** Group of all containers, where one could be made. */
  readonly cpuGroup?: string | undefined
}

const MB = 1_048_576
const NOBODY = '65534:65534'
const PIDS = 32
const DESCRIPTORS = 64
const FILE_BYTES = 16 * MB
const PROCESSORS = 1
/** Of a slow filter: what it takes from its neighbours by caches and by waking late shrinks with it. */
export const SLOW_PROCESSORS = 0.5

/** In the engine's API since 1.40. */
const NOT_IN_THE_TYPES = { CgroupnsMode: 'private' } as const

/** Names of the variables a container has; nothing in them is secret. PATH and HOSTNAME are the engine's. */
const ENVIRONMENT = {
  HOME: '/tmp',
  LANG: 'C.UTF-8',
  TZ: 'UTC',
  PYTHONHASHSEED: '0',
  // Threads of the linear algebra libraries would meet the limit of processes.
  OPENBLAS_NUM_THREADS: '1',
  OMP_NUM_THREADS: '1',
} as const

/** Create options: no network, no capability, read-only root, own seccomp profile, limits of memory, processor, processes, descriptors and files. */
export function containerFlags({
  image,
  labels,
  guest,
  ring,
  memoryMb,
  cpuGroup,
}: ContainerPlan): ContainerCreateOptions {
  const bytes = containerMb(memoryMb) * MB
  return {
    Image: image,
    Labels: { ...labels },
    Entrypoint: ['/usr/bin/python3.11', '-s', '-B', '-W', 'ignore', '/app/host.py'],
    Cmd: [],
    Env: Object.entries(ENVIRONMENT).map(([name, value]) => `${name}=${value}`),
    User: NOBODY,
    WorkingDir: '/',
    Tty: false,
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    NetworkDisabled: true,
    // A stop from outside is told from what a filter can do to itself.
    StopSignal: 'SIGKILL',
    HostConfig: {
      NetworkMode: 'none',
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges', `seccomp=${SECCOMP_PROFILE}`],
      PidsLimit: PIDS,
      Memory: bytes,
      MemorySwap: bytes,
      NanoCpus: nanoCpus(PROCESSORS),
      CpuShares: CPU_SHARES,
      ...(cpuGroup !== undefined && { CgroupParent: cpuGroup }),
      OomScoreAdj: 1000,
      IpcMode: 'none',
      ...NOT_IN_THE_TYPES,
      Init: true,
      Tmpfs: { '/tmp': 'rw,noexec,nosuid,nodev,size=16m' },
      LogConfig: { Type: 'none', Config: {} },
      Ulimits: [
        { Name: 'nofile', Soft: DESCRIPTORS, Hard: DESCRIPTORS },
        { Name: 'core', Soft: 0, Hard: 0 },
        { Name: 'fsize', Soft: FILE_BYTES, Hard: FILE_BYTES },
      ],
      Binds: [`${guest}:/app:ro`, `${ring}:/ring:ro`],
    },
  }
}
