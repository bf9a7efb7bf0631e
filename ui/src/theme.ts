import { external, stored, useExternal } from "./external.ts"

/** The theme that was chosen: `system` follows the operating system. */
export type ThemeChoice = "system" | "light" | "dark"

const choiceOf = (text: string | undefined): ThemeChoice => text === "light" || text === "dark" ? text : "system"

const choice = external<ThemeChoice>(choiceOf(stored.get("theme")))

const systemIsDark = () => matchMedia("(prefers-color-scheme: dark)")

const apply = (): void => {
  const chosen = choice.get()
  document.documentElement.dataset.theme = chosen === "system" ? systemIsDark().matches ? "dark" : "light" : chosen
}

/** Applies the theme now, and again when the system or another tab changes it. */
export const followSystemTheme = (): void => {
  apply()
  choice.subscribe(apply)
  systemIsDark().addEventListener("change", apply)
  addEventListener("storage", () => choice.set(choiceOf(stored.get("theme"))))
}

/** Chooses a theme, and keeps it in this browser. */
export const setTheme = (theme: ThemeChoice): void => {
  stored.set("theme", theme === "system" ? undefined : theme)
  choice.set(theme)
}

/** The theme that was chosen. */
export const useTheme = (): ThemeChoice => useExternal(choice)
