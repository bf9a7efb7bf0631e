/**
 * Takes the token out of an address such as `http://host:4400/#token=…`, so that it is neither seen nor shared, and begins
 * a session with it: a cookie that no script can read, and that a WebSocket brings along.
 */
export const takeToken = async (): Promise<void> => {
  const found = /^#\/?\??token=([^&]+)/.exec(location.hash)?.[1]
  if (found === undefined) return
  history.replaceState(null, "", location.pathname + location.search)
  // a token that is refused shows with the first question: nothing may be asked without a session
  await fetch(new URL("api/session", location.href), {
    method: "POST",
    headers: { authorization: `Bearer ${decodeURIComponent(found)}` }
  }).catch(() => undefined)
}
