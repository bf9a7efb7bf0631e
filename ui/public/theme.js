// Runs before the first paint, so that a dark page never flashes white. The rest of the theme is in src/theme.ts
;(() => {
  let chosen = null
  try {
    chosen = localStorage.getItem("effect-assets:theme")
  } catch {
    // storage is off: the system decides
  }
  const dark = chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches)
  document.documentElement.dataset.theme = dark ? "dark" : "light"
})()
