/**
 * Who may ask: the names under which this server is asked, the pages that ask, and the token.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto"
import { isIP } from "node:net"

/** A name or address, and a port, as they stand in the Host header. */
export interface Host {
  /** In small letters, without brackets. */
  readonly name: string
  readonly port: number | undefined
}

/** Reads a Host header. Nothing if it is none that a browser sends. */
export const parseHost = (header: string | undefined): Host | undefined => {
  const [, literal, plain, port] = /^(?:\[([\da-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/i.exec(header ?? "") ?? []
  const name = literal ?? plain
  if (name === undefined) return undefined
  return { name: name.toLowerCase().replace(/\.$/, ""), port: port === undefined ? undefined : Number(port) }
}

/** Names and addresses that lead to this machine from this machine alone. */
export const isLoopback = (name: string): boolean =>
  name === "localhost" || name === "::1" || /^(::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/i.test(name)

const isWildcard = (name: string): boolean => name === "0.0.0.0" || name === "::" || name === ""

export interface HostRules {
  /** Where the server listens. */
  readonly host: string
  /** Once it is known. */
  readonly port: number | undefined
  /** Names, with a port or for any. */
  readonly allowedHosts: ReadonlyArray<string>
}

/**
 * A page that somebody makes point its own name at this server (DNS rebinding) asks under that name: only the names that
 * this server has are let through, and addresses, which cannot be made to point elsewhere.
 */
export const isOurHost = (header: string | undefined, rules: HostRules): boolean => {
  const asked = parseHost(header)
  if (asked === undefined) return false
  const allowed = rules.allowedHosts.some((entry) => {
    const host = parseHost(isIP(entry) === 6 ? `[${entry}]` : entry)
    return host !== undefined && host.name === asked.name && (host.port === undefined || isAskedAt(asked, host.port))
  })
  if (allowed) return true
  if (rules.port !== undefined && !isAskedAt(asked, rules.port)) return false
  return isLoopback(asked.name) || asked.name === rules.host.toLowerCase() ||
    isWildcard(rules.host) && isIP(asked.name) !== 0
}

/** The usual port is left out. Behind something that speaks TLS it is another one. */
const isAskedAt = ({ port: asked }: Host, port: number): boolean =>
  asked === undefined ? port === 80 || port === 443 : asked === port

/** A page of this server. Behind something that speaks TLS it has another scheme, and the same name. */
export const isSameOrigin = (origin: string, host: string | undefined): boolean => {
  try {
    const { host: asking, protocol } = new URL(origin)
    if (protocol !== "http:" && protocol !== "https:") return false
    return asking === new URL(`${protocol}//${host}`).host
  } catch {
    return false
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// tokens
// ---------------------------------------------------------------------------------------------------------------------

/** A token that nobody guesses. */
export const makeToken = (): string => randomBytes(32).toString("base64url")

/** What a header can carry. */
export const isToken = (token: string): boolean => /^[\x21-\x7e]+$/.test(token)

/** What the cookie of a session has: from it nobody can tell the token. */
export const sessionOf = (token: string): string =>
  createHmac("sha256", token).update("effect-assets session").digest("base64url")

/** Takes as long for whatever is given. */
export const isSame = (given: string | undefined, expected: string): boolean =>
  given !== undefined && timingSafeEqual(digest(given), digest(expected))

const digest = (text: string): Uint8Array => createHash("sha256").update(text).digest()

/** The token of an Authorization header. */
export const bearerOf = (header: string | undefined): string | undefined => /^Bearer +(\S+)$/i.exec(header ?? "")?.[1]
