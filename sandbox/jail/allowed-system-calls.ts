// The system calls a host needs, and their numbers. Everything else is refused.

/**
 * What a Node host with isolated-vm uses: name, number on x64, number on arm64 (a dash: that machine does not have it).
 * stdio of a Node child are socket pairs, hence the socket calls; execve is bubblewrap starting Node.
 */
const ALLOWED = `
  read 0 63 | write 1 64 | close 3 57 | fstat 5 80
  stat 4 - | lstat 6 - | newfstatat 262 79 | statx 332 291
  poll 7 - | ppoll 271 73 | lseek 8 62 | pread64 17 67
  pwrite64 18 68 | readv 19 65 | writev 20 66 | access 21 -
  faccessat 269 48 | faccessat2 439 439 | open 2 - | openat 257 56
  getdents64 217 61 | readlink 89 - | readlinkat 267 78 | getcwd 79 17
  fcntl 72 25 | ioctl 16 29 | dup 32 23 | dup2 33 -
  dup3 292 24 | pipe2 293 59 | eventfd2 290 19 | epoll_create1 291 20
  epoll_ctl 233 21 | epoll_wait 232 - | epoll_pwait 281 22 | epoll_pwait2 441 441
  mmap 9 222 | mprotect 10 226 | munmap 11 215 | mremap 25 216
  madvise 28 233 | brk 12 214 | membarrier 324 283 | pkey_mprotect 329 288
  pkey_alloc 330 289 | pkey_free 331 290 | rt_sigaction 13 134 | rt_sigprocmask 14 135
  rt_sigreturn 15 139 | sigaltstack 131 132 | tgkill 234 131 | exit 60 93
  exit_group 231 94 | wait4 61 260 | execve 59 221 | futex 202 98
  set_robust_list 273 99 | set_tid_address 218 96 | rseq 334 293 | restart_syscall 219 128
  arch_prctl 158 - | prctl 157 167 | prlimit64 302 261 | capget 125 90
  sched_yield 24 124 | sched_getparam 143 121 | sched_getscheduler 145 120 | sched_getaffinity 204 123
  getpid 39 172 | getppid 110 173 | gettid 186 178 | getuid 102 174
  geteuid 107 175 | getgid 104 176 | getegid 108 177 | nanosleep 35 101
  clock_gettime 228 113 | clock_getres 229 114 | clock_nanosleep 230 115 | uname 63 160
  sysinfo 99 179 | getrusage 98 165 | getrandom 318 278 | getsockname 51 204
  getsockopt 55 209 | shutdown 48 210 | recvmsg 47 212 | sendmsg 46 211
`
/** Answered with "no such call", so that callers fall back to what can be filtered. */
const ABSENT = `
  clone3 435 435 | io_uring_setup 425 425 | io_uring_enter 426 426 | io_uring_register 427 427
`

export interface Machine {
  /** The kernel's name of the architecture, as a filter sees it. */
  readonly audit: number
  /** `clone`, allowed for threads only. */
  readonly clone: number
  readonly allowed: ReadonlyMap<string, number>
  readonly absent: ReadonlyMap<string, number>
}

const column = (table: string, index: 1 | 2): Map<string, number> =>
  new Map(
    table
      .trim()
      .split(/\s*[|\n]\s*/)
      .map(entry => entry.trim().split(' '))
      .flatMap(entry => (entry[index] === '-' ? [] : [[entry[0] ?? '', Number(entry[index])]])),
  )

/** The machines this runs on, by `process.arch`. */
export const MACHINES: Readonly<Record<string, Machine>> = {
  x64: { audit: 0xc000_003e, clone: 56, allowed: column(ALLOWED, 1), absent: column(ABSENT, 1) },
  arm64: { audit: 0xc000_00b7, clone: 220, allowed: column(ALLOWED, 2), absent: column(ABSENT, 2) },
}
