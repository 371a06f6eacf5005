// The composition root's own surface; nothing of the product imports it.
export { DeployError, type DeployErrorCode } from './errors.ts'
