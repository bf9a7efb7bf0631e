import { external } from "../external.ts"
import type { LaunchOptions } from "./request.ts"

export { type LaunchOptions } from "./request.ts"

/** What the dialog is open for. */
export const launching = external<{ readonly id: number; readonly options: LaunchOptions } | undefined>(undefined)

let nextId = 1

const launch = (options: LaunchOptions): void => launching.set({ id: nextId++, options })

/** Opens the launch dialog: what will run, partitions, configuration, and the rest. The shell holds the dialog. */
export const useLaunch = (): (options: LaunchOptions) => void => launch
