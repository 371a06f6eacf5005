// The Kafka users of a started system, by name. A user's consumer groups are its name and `<name>.…`.
import { workerUser } from '#filters'
import { mirrorMakerUser } from '#mirrors'

export const HUB_USER = 'skysieve-hub'
export const SIMULATOR_USER = 'skysieve-simulator'
export const API_USER = 'skysieve-api'
/** Of the schema registry, not of Kafka: who changes schemas. */
export const REGISTRY_WRITER = 'skysieve-registry'
export const ARCHIVER_USER = 'skysieve-archiver'
/** Of the process that takes surveys' streams in. */
export const UPSTREAM_USER = 'skysieve-upstream'

/** The two users that a node has on the hub. */
export const nodeHubUsers = (node: string) => ({ mirrorMaker: mirrorMakerUser(node), worker: workerUser(node) })

/** Users of the hub's broker, besides the administrator and the two of each node, which the API makes when it joins. */
export const HUB_USERS = [HUB_USER, SIMULATOR_USER, API_USER, ARCHIVER_USER, UPSTREAM_USER] as const
