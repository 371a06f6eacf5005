// What set-up, start and the processes' configuration can fail with. All of them are for the operator at the terminal.

export type DeployErrorCode =
  // A process's settings file
  | 'DEPLOY_CONFIG_MISSING'
  | 'DEPLOY_CONFIG_UNREADABLE'
  | 'DEPLOY_CONFIG_INVALID'
  // Set-up
  | 'DEPLOY_PREREQUISITE'
  | 'DEPLOY_SETUP_FAILED'
  // Start
  | 'DEPLOY_OPTION'
  | 'DEPLOY_DATA_DIR'
  | 'DEPLOY_PORT_IN_USE'
  | 'DEPLOY_DISK'
  | 'DEPLOY_PROCESS_DIES'
  | 'DEPLOY_NOT_READY'
  // Joining a hub
  | 'DEPLOY_JOIN'
  | 'DEPLOY_JOIN_REFUSED'
  // A Kafka that is somebody else's
  | 'DEPLOY_KAFKA'

/** Its message is one or more complete sentences to print as they are: what, where, why, what next. */
export class DeployError extends Error {
  override readonly name = 'DeployError'
  readonly code: DeployErrorCode

  constructor(code: DeployErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
