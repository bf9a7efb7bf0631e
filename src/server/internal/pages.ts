/**
 * The files of the web UI. They are read once and looked up by their names, so that no path that is asked for ever reaches
 * the file system.
 */
import * as Effect from "effect/Effect"
import { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as Response from "effect/http/HttpServerResponse"
import { createHash } from "node:crypto"
import { readdir, readFile, stat } from "node:fs/promises"
import { extname, join, relative, sep } from "node:path"
import { problem } from "./problems.ts"

interface Page {
  readonly body: Uint8Array
  readonly type: string
  readonly etag: string
  /** Its name changes with its content. */
  readonly immutable: boolean
}

interface Pages {
  /** The time of index.html: a build writes it anew. */
  readonly builtAt: number
  readonly pages: ReadonlyMap<string, Page>
}

const types: { readonly [ending: string]: string } = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".webmanifest": "application/manifest+json",
  ".svg": "image/svg+xml; charset=utf-8",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".txt": "text/plain; charset=utf-8"
}

const index = "/index.html"

const builtAt = async (directory: string): Promise<number | undefined> => {
  try {
    return (await stat(join(directory, index))).mtimeMs
  } catch {
    return undefined
  }
}

const read = async (directory: string, builtAt: number): Promise<Pages> => {
  const pages = new Map<string, Page>()
  // links are neither followed nor files here
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const name = `/${relative(directory, path).replaceAll(sep, "/")}`
    const body = await readFile(path)
    pages.set(name, {
      body,
      type: types[extname(name).toLowerCase()] ?? "application/octet-stream",
      etag: `"${createHash("sha256").update(body).digest("base64url").slice(0, 27)}"`,
      immutable: name.startsWith("/assets/")
    })
  }
  return { builtAt, pages }
}

/**
 * Answers with the files of a directory.
 *
 * @internal
 */
export const make = (
  directory: string | undefined
): Effect.Effect<Response.HttpServerResponse, never, HttpServerRequest> => {
  let known: Promise<Pages> | undefined
  let knownAt: number | undefined

  const current = async (): Promise<Pages | undefined> => {
    if (directory === undefined) return undefined
    const now = await builtAt(directory)
    if (now === undefined) return undefined
    if (known === undefined || knownAt !== now) {
      knownAt = now
      known = read(directory, now)
    }
    return known
  }

  return Effect.gen(function*() {
    const request = yield* HttpServerRequest
    if (request.method !== "GET" && request.method !== "HEAD") {
      return problem(405, "Method not allowed", "Pages can only be read.", { allow: "GET, HEAD" })
    }
    const name = nameOf(request.url)
    const found = yield* Effect.tryPromise(current).pipe(
      Effect.catch((cause) => Effect.as(Effect.logWarning("The files of the web UI cannot be read", cause), undefined))
    )
    if (found === undefined && name === index && directory !== undefined) return notBuilt
    const page = name === undefined ? undefined : found?.pages.get(name)
    if (page === undefined) {
      return problem(404, "Not found", "There is no such page. The API is below /api, the web UI at /.")
    }
    const headers = {
      etag: page.etag,
      "cache-control": page.immutable ? "public, max-age=31536000, immutable" : "no-cache"
    }
    return hasEtag(request.headers["if-none-match"], page.etag)
      ? Response.empty({ status: 304, headers })
      : Response.uint8Array(page.body, { contentType: page.type, headers })
  })
}

/** What a path asks for, or nothing if it cannot be read. */
const nameOf = (url: string): string | undefined => {
  try {
    const name = decodeURIComponent(url.replace(/[?#].*$/s, ""))
    return name === "/" ? index : name
  } catch {
    return undefined
  }
}

/** Compression makes an ETag a weak one. */
const hasEtag = (header: string | undefined, etag: string): boolean =>
  header !== undefined &&
  (header.trim() === "*" || header.split(",").some((entry) => entry.trim().replace(/^W\//, "") === etag))

const notBuilt = Response.text(
  `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>effect-assets</title>
<h1>The web UI is not built</h1>
<p>This is a checkout of effect-assets. Build the web UI with <code>npm run build</code>, then load this page again.</p>
<p>The API is there: <a href="/api/openapi.json">/api/openapi.json</a> describes it.</p>
</html>
`,
  { status: 503, contentType: "text/html; charset=utf-8", headers: { "cache-control": "no-store" } }
)
