/**
 * The HTTP API and the host of the web UI, to run beside other services of one's own.
 *
 * @since 0.1.0
 */
export * as Api from "./Api.ts"
export * as AutomationModel from "./AutomationModel.ts"
export * as Client from "./Client.ts"
export * as Daemon from "./Daemon.ts"
export * as Deployment from "./Deployment.ts"
export * as Handlers from "./Handlers.ts"
export * as Model from "./Model.ts"
export * as Operations from "./Operations.ts"
export * as Problem from "./Problem.ts"
export * as Server from "./Server.ts"
