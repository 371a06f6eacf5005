// What the end-to-end tests take from their surroundings; the only file of them that reads the environment.
export const ENVIRONMENT: NodeJS.ProcessEnv = process.env
