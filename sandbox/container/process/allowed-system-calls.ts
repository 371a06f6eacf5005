// The system calls that Python with NumPy needs, init and runc's last steps included; everything else fails with EPERM inside a container.

/** Allowed whatever their arguments. */
export const ALLOWED: readonly string[] = [
  'read write close fstat stat lstat newfstatat statx lseek pread64 pwrite64 readv writev access faccessat faccessat2 getcwd chdir readlink',
  'readlinkat getdents getdents64 open openat dup dup2 dup3 unlink unlinkat ftruncate mkdir rmdir rename umask fstatfs statfs ioctl pipe pipe2',
  'mmap mprotect munmap brk mremap madvise membarrier',
  'poll ppoll select pselect6 epoll_create1 epoll_ctl epoll_wait epoll_pwait eventfd2 futex nanosleep clock_nanosleep restart_syscall sched_yield',
  'clock_gettime clock_getres gettimeofday time times getrusage setitimer',
  'rt_sigaction rt_sigprocmask rt_sigreturn rt_sigtimedwait sigaltstack',
  'execve exit exit_group wait4 waitid getpid getppid gettid getpgrp setpgid getuid geteuid getgid getegid set_tid_address set_robust_list rseq',
  'arch_prctl prctl sched_getaffinity getrlimit sysinfo uname getrandom',
  // runc drops privileges after the filter is in place where no-new-privileges allows it.
  'capget capset setgroups setgid setuid setresuid setresgid',
].flatMap(line => line.split(' '))

interface Condition {
  readonly name: string
  readonly argument: number
  readonly op: 'SCMP_CMP_NE' | 'SCMP_CMP_EQ' | 'SCMP_CMP_MASKED_EQ'
  readonly value: number
  readonly valueTwo?: number
}

const SIGKILL = 9
const F_SETSIG = 10
/** CLONE_NEW* of every namespace. */
const NEW_NAMESPACES = 0x7e02_0000

/**
 * Allowed for some arguments. A filter cannot send SIGKILL, ask for it as a signal of a descriptor or lower its CPU limit until it comes, so a container
 * that died of it and not of memory was killed from outside, and its filter is not to blame.
 */
export const CONDITIONS: readonly Condition[] = [
  { name: 'kill', argument: 1, op: 'SCMP_CMP_NE', value: SIGKILL },
  { name: 'tkill', argument: 1, op: 'SCMP_CMP_NE', value: SIGKILL },
  { name: 'tgkill', argument: 2, op: 'SCMP_CMP_NE', value: SIGKILL },
  { name: 'fcntl', argument: 1, op: 'SCMP_CMP_NE', value: F_SETSIG },
  { name: 'prlimit64', argument: 2, op: 'SCMP_CMP_EQ', value: 0 },
  { name: 'clone', argument: 0, op: 'SCMP_CMP_MASKED_EQ', value: NEW_NAMESPACES, valueTwo: 0 },
]

/** Answered as on a kernel without it, so that the C library falls back to `clone`, whose flags can be seen. */
export const UNKNOWN_TO_THE_KERNEL: readonly string[] = ['clone3']
