/** Launching runs: a button, a dialog, and the form of a configuration. */
export { ConfigForm } from "./ConfigForm.tsx"
export { type LaunchOptions, useLaunch } from "./launch.ts"
export { MaterializeButton } from "./MaterializeButton.tsx"
