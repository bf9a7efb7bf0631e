const cookie = "effect-assets-token"
let token: string | undefined

/**
 * Takes the token out of an address such as `http://host:4400/#token=…`, so that it is neither seen nor shared, and keeps
 * it in a cookie of this site: a WebSocket sends no header of ours.
 */
export const takeToken = (): void => {
  const found = /^#\/?\??token=([^&]+)/.exec(location.hash)?.[1]
  if (found === undefined) return
  token = decodeURIComponent(found)
  const secure = location.protocol === "https:" ? "; secure" : ""
  document.cookie = `${cookie}=${encodeURIComponent(token)}; path=/; samesite=strict${secure}`
  history.replaceState(null, "", location.pathname + location.search)
}

/** The token that was in the address. After a reload the cookie has it. */
export const currentToken = (): string | undefined => token
