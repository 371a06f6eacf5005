// JVMs of a chaos run, which are started again and again on two cores: the second compiler would take one of them for the first minute of each.
import { type MachineLayout } from '../../start/layout/machine-layout.ts'

const YOUNG = 0.4

/** The layout whose Java programs compile once, and have a heap of their own size or this one. */
export const withQuickJava = (machine: MachineLayout, heapMb?: number): MachineLayout => {
  const { archives } = machine
  const speedUp: typeof archives.speedUp = (program, command, lists) => {
    const { args, ...rest } = archives.speedUp(program, command, lists)
    const java = rest.command.endsWith('java') ? -1 : args.indexOf('java')
    // The last of the same option counts; the young generation is told apart from the heap.
    const heap = heapMb === undefined ? [] : [`-Xms${heapMb}m`, `-Xmx${heapMb}m`, `-Xmn${Math.round(heapMb * YOUNG)}m`]
    const main = args.indexOf('-cp')
    return {
      ...rest,
      args: [
        ...args.slice(0, java + 1),
        '-XX:TieredStopAtLevel=1',
        ...args.slice(java + 1, main),
        ...heap,
        ...args.slice(main),
      ],
    }
  }
  return { ...machine, archives: { ...archives, speedUp } }
}
