import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger, Redacted } from "effect"
import { Problem, Server } from "effect-assets/server"
import { ask, get, send, serve, upgrade } from "../fixtures/http.ts"

const json = { "content-type": "application/json" }
const token = "a-token-of-a-test"

/** Every answer is a problem document of this status that tells no insides. */
const isProblem = (
  answer: { readonly status: number; readonly problem: unknown; readonly text: string },
  status: number
) => {
  assert.strictEqual(answer.status, status, answer.text)
  assert.strictEqual((answer.problem as { readonly status?: number } | undefined)?.status, status, answer.text)
  assert.notMatch(answer.text, /\.ts:\d|node_modules|\n\s+at /)
}

describe("Host", () => {
  it.live("answers under loopback names with its port, and refuses foreign ones, pages included", () =>
    Effect.gen(function*() {
      const server = yield* serve()
      for (const name of ["127.0.0.1", "localhost", "LOCALHOST", "localhost.", "[::1]", "127.1.2.3"]) {
        const { status } = yield* ask(server, { headers: { host: `${name}:${server.port}` } })
        assert.strictEqual(status, 200, name)
      }
      for (
        const host of [
          "evil.example",
          `evil.example:${server.port}`,
          `127.0.0.1:${server.port + 1}`,
          "127.0.0.1",
          `localhost.evil.example:${server.port}`,
          `127.0.0.1.evil.example:${server.port}`,
          `evil.example@127.0.0.1:${server.port}`,
          `0.0.0.0:${server.port}`,
          `192.168.0.1:${server.port}`,
          "127.0.0.1:99999999",
          "[::1",
          "a b"
        ]
      ) {
        for (const path of ["/api/deployment", "/"]) {
          const answer = yield* ask(server, { path, headers: { host } })
          assert.strictEqual(answer.status, 403, host)
          isProblem(answer, 403)
        }
      }
      assert.match(yield* send(server, "GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n"), /^HTTP\/1.1 403 /)
      assert.match(yield* send(server, "GET / HTTP/1.1\r\nConnection: close\r\n\r\n"), /^HTTP\/1.1 400 /)
    }))

  it.live("answers under further names that it was given", () =>
    Effect.gen(function*() {
      const server = yield* serve({
        allowedHosts: ["assets.example.com", "localhost:8080", "secure.example.com:443", "fd00::1"]
      })
      for (
        const host of [
          "assets.example.com",
          "Assets.Example.Com:443",
          "localhost:8080",
          "secure.example.com",
          "[fd00::1]:9"
        ]
      ) {
        assert.strictEqual((yield* ask(server, { headers: { host } })).status, 200, host)
      }
      for (const host of ["localhost:8081", "x.assets.example.com", "secure.example.com:8443"]) {
        assert.strictEqual((yield* ask(server, { headers: { host } })).status, 403, host)
      }
    }))

  it.live("takes the name of an absolute address for the one that counts", () =>
    Effect.gen(function*() {
      const server = yield* serve()
      const answer = yield* send(
        server,
        `GET http://evil.example/api/deployment HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nConnection: close\r\n\r\n`
      )
      assert.match(answer, /^HTTP\/1.1 403 /)
    }))
})

describe("Origin", () => {
  it.live("refuses what pages of other origins send", () =>
    Effect.gen(function*() {
      let reloads = 0
      const server = yield* serve({}, { reload: Effect.sync(() => reloads++).pipe(Effect.andThen(unavailable)) })
      const post = (headers: { readonly [name: string]: string }) =>
        ask(server, { method: "POST", path: "/api/reload", headers })
      for (
        const origin of [
          "http://evil.example",
          "null",
          `http://127.0.0.1:${server.port + 1}`,
          `http://localhost:${server.port}`,
          `http://127.0.0.1:${server.port}.evil.example`,
          "file://",
          `chrome-extension://127.0.0.1:${server.port}`,
          "%"
        ]
      ) {
        isProblem(yield* post({ origin }), 403)
      }
      isProblem(yield* post({ "sec-fetch-site": "cross-site" }), 403)
      isProblem(yield* post({ "sec-fetch-site": "same-site" }), 403)
      isProblem(yield* ask(server, { method: "OPTIONS", headers: { origin: "http://evil.example" } }), 403)
      assert.strictEqual(reloads, 0)

      assert.strictEqual((yield* post({ origin: `http://127.0.0.1:${server.port}` })).status, 503)
      assert.strictEqual((yield* post({ origin: `https://127.0.0.1:${server.port}` })).status, 503)
      assert.strictEqual((yield* post({ "sec-fetch-site": "same-origin" })).status, 503)
      assert.strictEqual((yield* post({})).status, 503)
      assert.strictEqual(reloads, 4)
    }))

  it.live("refuses WebSockets of other origins, also where anything may be read", () =>
    Effect.gen(function*() {
      const server = yield* serve()
      assert.strictEqual(yield* upgrade(server, { origin: "http://evil.example" }), 403)
      assert.strictEqual(yield* upgrade(server, { origin: "null" }), 403)
      assert.strictEqual(yield* upgrade(server, { host: "evil.example", origin: "http://evil.example" }), 403)
      assert.strictEqual(yield* upgrade(server, { origin: `http://127.0.0.1:${server.port}` }), 101)
      assert.strictEqual(yield* upgrade(server), 101)
    }))

  it.live("lets no other origin read what it answers", () =>
    Effect.gen(function*() {
      const server = yield* serve()
      const { headers, status } = yield* ask(server, { headers: { origin: "http://evil.example" } })
      assert.strictEqual(status, 200)
      assert.isUndefined(headers["access-control-allow-origin"])
      assert.strictEqual(headers["cross-origin-resource-policy"], "same-origin")
    }))
})

const unavailable = Effect.suspend(() => Effect.fail(new Problem.Unavailable({ code: "Test" })))

describe("bodies", () => {
  it.live("takes JSON alone, which no form can send", () =>
    Effect.gen(function*() {
      const server = yield* serve()
      for (
        const type of [
          "text/plain",
          "application/x-www-form-urlencoded",
          "multipart/form-data; boundary=x",
          "application/jsonp"
        ]
      ) {
        isProblem(
          yield* ask(server, { method: "POST", path: "/api/runs", headers: { "content-type": type }, body: "{}" }),
          415
        )
      }
      isProblem(yield* ask(server, { method: "POST", path: "/api/runs", body: "{}" }), 415)
      isProblem(yield* ask(server, { method: "POST", path: "/api/runs", body: ["{", "}"] }), 415)
    }))

  it.live("stops reading what is too large, with and without a length", () =>
    Effect.gen(function*() {
      const server = yield* serve({ maxBodyBytes: 1_000 }, {
        plan: (request) => Effect.die(`planned ${JSON.stringify(request)}`)
      })
      const large = JSON.stringify({ select: "x".repeat(2_000) })
      const asking = { method: "POST", path: "/api/runs/plan", headers: json }
      isProblem(yield* ask(server, { ...asking, body: large }), 413)
      isProblem(yield* ask(server, { ...asking, body: [large] }), 413)
      // the answer comes before the body does
      const answer = yield* send(
        server,
        `POST /api/runs/plan HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nContent-Type: application/json\r\n` +
          "Content-Length: 2000000000\r\n\r\n"
      )
      assert.match(answer, /^HTTP\/1.1 413 /)
    }))

  it.live("says what of a request cannot be read", () =>
    Effect.gen(function*() {
      const server = yield* serve()
      const broken = yield* ask(server, { method: "POST", path: "/api/runs", headers: json, body: "{" })
      isProblem(broken, 400)
      assert.deepStrictEqual(broken.problem?.["errors"], [{ path: ["payload"], message: "Expected a valid JSON body" }])
      const wrong = yield* ask(server, { method: "POST", path: "/api/runs", headers: json, body: `{"select":3}` })
      isProblem(wrong, 400)
      assert.match(wrong.text, /\["payload","select"\]/)
      const query = yield* ask(server, { path: "/api/runs?limit=100000" })
      isProblem(query, 400)
      assert.match(query.text, /\["query","limit"\]/)
      // in words of whoever has written it: a number is no "Infinity" | "-Infinity" | "NaN"
      const said = (path: string, body: string) =>
        Effect.map(ask(server, { method: "POST", path, headers: json, body }), ({ problem }) => problem?.["errors"])
      assert.deepStrictEqual(yield* said("/api/automation/tick", `{"name":"a","at":"yesterday"}`), [
        { path: ["payload", "at"], message: "Expected number | null" }
      ])
      assert.deepStrictEqual(yield* said("/api/automation/cursor", `{"name":"a","cursor":5}`), [
        { path: ["payload", "cursor"], message: "Expected string | null" }
      ])
      // a field that is misspelt changes nothing unseen
      for (const path of ["/api/jobs/run", "/api/automation/tick"]) {
        assert.deepStrictEqual(yield* said(path, `{"name":"a","onlystale":true}`), [
          { path: ["payload", "onlystale"], message: "Expected no excess property" }
        ])
      }
    }))
})

describe("addresses", () => {
  it.live("tells what is nowhere from what is asked for in the wrong way", () =>
    Effect.gen(function*() {
      const server = yield* serve()
      for (const path of ["/api", "/api/", "/api/nothing", "/api/runs/a/b/c", "/api/%", "/api/%00", "/nothing"]) {
        isProblem(yield* ask(server, { path }), 404)
      }
      for (
        const [method, path, allow] of [
          ["POST", "/api/graph", "GET"],
          ["DELETE", "/api/runs", "GET, POST"],
          ["GET", "/api/runs/x/cancel", "POST"],
          ["PUT", "/api/session", "POST"],
          ["POST", "/", "GET, HEAD"]
        ] as const
      ) {
        const answer = yield* ask(server, { method, path })
        isProblem(answer, 405)
        assert.strictEqual(answer.headers.allow, allow, path)
      }
      assert.strictEqual((yield* ask(server, { path: "/api/live" })).status, 426)
    }))

  it.live("limits how long they may be, and headers", () =>
    Effect.gen(function*() {
      const server = yield* serve()
      isProblem(yield* ask(server, { path: `/api/asset?key=${"x".repeat(17_000)}` }), 414)
      assert.strictEqual((yield* ask(server, { headers: { "x-long": "x".repeat(40_000) } })).status, 431)
    }))

  it.live("finds the API under no other spelling", () =>
    Effect.gen(function*() {
      const server = yield* serve({ token })
      for (
        const path of [
          "//api/deployment",
          "/%61pi/deployment",
          "/API/deployment",
          "/x/../api/deployment",
          "/api;/deployment"
        ]
      ) {
        assert.match(yield* get(server, path), /^HTTP\/1.1 404 /, path)
      }
      for (const path of ["/api//deployment", "/api/deployment/", "/api/./deployment", "/api/deployment;x"]) {
        assert.match(yield* get(server, path), /^HTTP\/1.1 401 /, path)
      }
    }))
})

describe("tokens", () => {
  it.live("asks for the token in every request to the API, and not for the pages", () =>
    Effect.gen(function*() {
      const server = yield* serve({ token: Redacted.make(token) })
      for (const path of ["/api/deployment", "/api/openapi.json", "/api/nothing", "/api"]) {
        const answer = yield* ask(server, { path })
        isProblem(answer, 401)
        assert.strictEqual(answer.headers["www-authenticate"], "Bearer")
      }
      for (
        const authorization of [
          "",
          "Bearer",
          "Bearer ",
          `Bearer ${token}x`,
          `Bearer ${token.slice(1)}`,
          `Basic ${token}`,
          token
        ]
      ) {
        assert.strictEqual((yield* ask(server, { headers: { authorization } })).status, 401, authorization)
      }
      assert.strictEqual((yield* ask(server, { headers: { authorization: `Bearer ${token}` } })).status, 200)
      assert.strictEqual((yield* ask(server, { headers: { authorization: `bearer ${token}` } })).status, 200)
      assert.strictEqual((yield* ask(server, { path: "/nothing" })).status, 404)
      assert.strictEqual(yield* upgrade(server), 401)
      assert.strictEqual(yield* upgrade(server, { authorization: `Bearer ${token}` }), 101)
    }))

  it.live("gives a browser a session whose cookie scripts cannot read and which does not have the token", () =>
    Effect.gen(function*() {
      const server = yield* serve({ token })
      const session = (headers: { readonly [name: string]: string }, method = "POST") =>
        ask(server, { method, path: "/api/session", headers })
      isProblem(yield* session({}), 401)
      isProblem(yield* session({ authorization: "Bearer wrong" }), 401)
      isProblem(yield* session({ authorization: `Bearer ${token}`, origin: "http://evil.example" }), 403)
      isProblem(yield* session({ authorization: `Bearer ${token}` }, "GET"), 405)

      const { headers, status, text } = yield* session({ authorization: `Bearer ${token}` })
      assert.deepStrictEqual([status, text], [204, ""])
      const [cookie, ...attributes] = headers["set-cookie"]![0]!.split("; ")
      assert.deepStrictEqual(attributes.sort(), ["HttpOnly", "Path=/api", "SameSite=Strict"])
      assert.notInclude(cookie, token)
      assert.strictEqual((yield* ask(server, { headers: { cookie: cookie! } })).status, 200)
      assert.strictEqual((yield* ask(server, { headers: { cookie: `other=1; ${cookie}` } })).status, 200)
      assert.strictEqual(yield* upgrade(server, { cookie: cookie! }), 101)
      assert.strictEqual((yield* ask(server, { headers: { cookie: `${cookie}x` } })).status, 401)
      // a session is no way to get another one
      isProblem(yield* session({ cookie: cookie! }), 401)

      const secure = yield* session({ authorization: `Bearer ${token}`, origin: `https://127.0.0.1:${server.port}` })
      assert.include(secure.headers["set-cookie"]![0], "Secure")
    }))

  it.live("has no session where no token is needed", () =>
    Effect.gen(function*() {
      const { headers, status } = yield* ask(yield* serve(), { method: "POST", path: "/api/session" })
      assert.deepStrictEqual([status, headers["set-cookie"]], [204, undefined])
    }))

  it.live("makes a token when others can reach it, and shows it to nobody who logs the server", () =>
    Effect.gen(function*() {
      const server = yield* serve({ host: "0.0.0.0" })
      const made = Redacted.value(server.token!)
      assert.isAtLeast(made.length, 40)
      assert.strictEqual(Redacted.value(server.uiUrl), `http://127.0.0.1:${server.port}/#token=${made}`)
      assert.notInclude(JSON.stringify(server), made)
      const host = `127.0.0.1:${server.port}`
      const local = { ...server, host: "127.0.0.1" }
      assert.strictEqual((yield* ask(local, { headers: { host } })).status, 401)
      const authorization = `Bearer ${made}`
      assert.strictEqual((yield* ask(local, { headers: { host, authorization } })).status, 200)
      // an address cannot be made to point elsewhere, a name can
      const other = `192.168.0.7:${server.port}`
      assert.strictEqual((yield* ask(local, { headers: { host: other, authorization } })).status, 200)
      assert.strictEqual(
        (yield* ask(local, { headers: { host: `evil.example:${server.port}`, authorization } })).status,
        403
      )
      const second = yield* serve({ host: "0.0.0.0" })
      assert.notStrictEqual(Redacted.value(second.token!), made)
    }))

  it.live("refuses a token that protects nothing or that nobody can send", () =>
    Effect.gen(function*() {
      for (const bad of ["", " ", "a b", "a\nb", "ä"]) {
        const error = yield* Effect.flip(serve({ token: bad }))
        assert.instanceOf(error, Server.ServerError)
        assert.match(error.message, /its token is empty, or has characters that a header cannot have/)
      }
    }))
})

describe("headers", () => {
  it.live("are on every answer", () =>
    Effect.gen(function*() {
      const server = yield* serve({ token })
      const authorization = `Bearer ${token}`
      for (
        const asking of [
          { path: "/api/deployment", headers: { authorization } },
          { path: "/api/nothing", headers: { authorization } },
          { path: "/api/deployment" },
          { path: "/" },
          { path: "/api/deployment", headers: { host: "evil.example" } }
        ]
      ) {
        const { headers } = yield* ask(server, asking)
        assert.strictEqual(headers["x-content-type-options"], "nosniff")
        assert.strictEqual(headers["referrer-policy"], "no-referrer")
        assert.strictEqual(headers["cross-origin-opener-policy"], "same-origin")
        assert.strictEqual(headers["cross-origin-resource-policy"], "same-origin")
        assert.match(String(headers["content-security-policy"]), /frame-ancestors 'none'/)
        assert.isUndefined(headers["x-powered-by"])
        if (asking.path.startsWith("/api")) assert.strictEqual(headers["cache-control"], "no-store")
      }
      const { headers } = yield* ask(server, { path: "/" })
      assert.deepStrictEqual(String(headers["content-security-policy"]).split("; "), [
        "default-src 'self'",
        "img-src 'self' data:",
        `connect-src 'self' ws://127.0.0.1:${server.port} wss://127.0.0.1:${server.port}`,
        "object-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'none'"
      ])
    }))
})

describe("defects", () => {
  it.live("are logged, and not told", () =>
    Effect.gen(function*() {
      const logged: Array<string> = []
      const log = Logger.layer([
        Logger.make(({ cause, message }) => logged.push(`${String(message)} ${String(cause)}`))
      ])
      const server = yield* Effect.provide(
        serve({}, {
          deployment: Effect.die(new Error("the secret of the database")),
          graph: Effect.suspend(() => JSON.parse("{"))
        }),
        log
      )
      for (const path of ["/api/deployment", "/api/graph"]) {
        const answer = yield* ask(server, { path })
        isProblem(answer, 500)
        assert.notInclude(answer.text, "secret")
      }
      assert.match(logged.join("\n"), /A request failed.*the secret of the database/)
    }))
})
