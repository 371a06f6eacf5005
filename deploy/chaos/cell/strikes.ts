// What a chaos run does to a cell: each machine is killed and unplugged in turn. Pure and seeded, so that a run can be repeated.
import { openRandom } from '#hub'

/** `kill`: SIGKILL to all of its processes at once. `cut`: its cable is pulled; connections hang, both ways, without a reset. */
export interface Strike {
  readonly action: 'kill' | 'cut'
  /** Which of the machines, from 0. */
  readonly machine: number
}

/** Every machine once by each, in an order of the seed's. */
export const strikesFor = (machines: number, seed: number): readonly Strike[] => {
  const random = openRandom(seed, 3)
  const rest = Array.from({ length: machines }, (_, machine) => machine).flatMap((machine): Strike[] => [
    { action: 'kill', machine },
    { action: 'cut', machine },
  ])
  const drawn: Strike[] = []
  while (rest.length > 0) drawn.push(...rest.splice(random.whole(0, rest.length - 1), 1))
  return drawn
}
