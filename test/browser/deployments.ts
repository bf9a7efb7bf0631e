/** Deployments to look at: the example, one whose programs a test holds in its hands, a hostile one, and large ones. */
import { NodeServices } from "@effect/platform-node"
import { Effect, Latch, Layer, Option, Schema } from "effect"
import { Asset, Check, Definitions, EventLog, Graph, IOManager, Metadata, Partitions, RunLogs } from "effect-assets"
import { graph as weather } from "../../examples/weather/graph.ts"
import { layerLocal } from "../../examples/weather/resources.ts"

const inMemory = Layer.mergeAll(IOManager.layerMemory, EventLog.layerMemory, RunLogs.layerMemory)

const definitionsOf = (graph: Graph.Any, layer: Layer.Layer<never, unknown> = inMemory): Definitions.Any =>
  // what the assets need is in the layer: the type of a graph that is put together here does not tell
  Definitions.make({ graph, layer } as never) as Definitions.Any

/** The example, with its files and its log in a directory. */
export const example = (directory: string): Definitions.Any =>
  Definitions.make({ graph: weather, layer: Layer.provide(layerLocal(directory), NodeServices.layer) })

/** Nothing yet. */
export const empty = (): Definitions.Any => definitionsOf(Graph.fromAssets([]))

// ---------------------------------------------------------------------------------------------------------------------
// controlled
// ---------------------------------------------------------------------------------------------------------------------

/** The failure of an asset, with a message as long as they come. */
export class PaymentRefused extends Schema.TaggedError<PaymentRefused>()("PaymentRefused", {
  order: Schema.Int
}) {
  override get message() {
    return `The payment of order ${this.order} was refused by the bank, which answered:\n${
      "insufficient funds, and no credit line that could be used instead; ".repeat(12)
    }`
  }
}

const about = `The orders of the shop, **paid** ones only.

- read from \`shop/events\`
- [how they are counted](https://example.com/orders)
`

/** A shop: what its programs wait for, and whether they fail, a test decides. */
export interface Shop {
  readonly definitions: Definitions.Any
  /** Open at first. Closed, the program of that asset waits. */
  readonly gates: { readonly [key in "shop/customers" | "shop/slow"]: Latch.Latch }
  readonly is: {
    /** The version of the outside data. */
    version: string
    /** Whether `shop/payments` fails. */
    failing: boolean
    /** Whether there are no returns, so that `shop/returns` is skipped. */
    quiet: boolean
    /** How often the connection of `shop/slow` was opened, and closed. */
    opened: number
    closed: number
  }
}

export const shop = (): Shop => {
  const gates = { "shop/customers": Latch.makeUnsafe(true), "shop/slow": Latch.makeUnsafe(true) }
  const is: Shop["is"] = { version: "v1", failing: true, quiet: true, opened: 0, closed: 0 }
  let count = 0
  const common = { group: "shop/core", codeVersion: "1" } as const

  const events = Asset.external("shop/events", {
    group: "shop/core",
    description: "What customers do, as the shop writes it.",
    kinds: ["kafka"],
    observe: Effect.sync(() => is.version)
  })
  const orders = Asset.make("shop/orders", {
    ...common,
    description: about,
    kinds: ["sql", "table"],
    owners: ["team:shop"],
    tags: { tier: "gold", pii: "yes" },
    deps: [events],
    schema: Schema.Array(Schema.Struct({ id: Schema.Int, amount: Schema.Finite })),
    *compute() {
      count++
      yield* Effect.logInfo(`reading page ${count} of the orders`)
      yield* Effect.logWarning("one order has no amount")
      const rows = [{ id: count, amount: 10 * count }, { id: count + 1, amount: 3 }]
      return Asset.output(rows, {
        dataVersion: `orders ${count}`,
        metadata: {
          rows: 100 + 10 * count,
          share: 1 / count,
          summary: Metadata.markdown(`**${count}** pages, *none* empty`),
          sample: Metadata.table(rows.map(({ amount, id }) => ({ id, amount }))),
          source: Metadata.url("https://example.com/orders")
        }
      })
    }
  })
  const customers = Asset.make("shop/customers", {
    ...common,
    kinds: ["table"],
    schema: Schema.Int,
    *compute() {
      yield* gates["shop/customers"].await
      return 3
    }
  })
  const revenue = Asset.make("shop/revenue", {
    ...common,
    description: "What the shop has earned.",
    inputs: { orders, customers },
    schema: Schema.Finite,
    config: Schema.Struct({
      currency: Schema.Literals(["EUR", "USD"]).pipe(Schema.withDecodingDefaultKey(Effect.succeed("EUR" as const))),
      minimum: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)).pipe(
        Schema.withDecodingDefaultKey(Effect.succeed(0))
      ),
      // a rule that JSON Schema has no words for, so that only the server knows it
      period: Schema.String.check(
        Schema.makeFilter((text: string) => text.startsWith("Q") ? undefined : "a period is a quarter, such as Q1")
      ).pipe(Schema.withDecodingDefaultKey(Effect.succeed("Q1")))
    }),
    *compute({ orders }, { config }) {
      const sum = orders.map(({ amount }) => amount).filter((amount) => amount >= config.minimum)
        .reduce((a, b) => a + b, 0)
      return Asset.output(sum, { metadata: { sum, currency: config.currency } })
    }
  })
  const payments = Asset.make("shop/payments", {
    ...common,
    inputs: { orders },
    *compute() {
      yield* Effect.logError("the bank says no")
      if (is.failing) return yield* new PaymentRefused({ order: 17 })
      return 1
    }
  })
  const ledger = Asset.make("shop/ledger", {
    ...common,
    inputs: { payments },
    *compute({ payments }) {
      return payments
    }
  })
  const balance = Asset.make("shop/balance", {
    ...common,
    inputs: { ledger },
    *compute({ ledger }) {
      return ledger
    }
  })
  const returns = Asset.make("shop/returns", {
    ...common,
    inputs: { orders },
    *compute() {
      return is.quiet ? Option.none() : Option.some(2)
    }
  })
  const refunds = Asset.make("shop/refunds", {
    ...common,
    inputs: { returns },
    *compute({ returns }) {
      return returns
    }
  })
  const slow = Asset.make("shop/slow", {
    ...common,
    group: "shop/reports",
    compute: () =>
      Effect.acquireUseRelease(
        Effect.sync(() => void is.opened++),
        () => Effect.as(gates["shop/slow"].await, "a report"),
        () => Effect.sync(() => void is.closed++)
      )
  })
  const newsletter = Asset.make("shop/newsletter", {
    ...common,
    group: "shop/reports",
    inputs: { slow, revenue },
    *compute({ revenue, slow }) {
      return `${slow}: ${revenue}`
    }
  })
  const split = Asset.multi("shop/split", {
    inputs: { orders },
    codeVersion: "1",
    group: "shop/reports",
    outputs: { "shop/large": { schema: Schema.Int }, "shop/small": { schema: Schema.Int } },
    *compute({ orders }) {
      const large = orders.filter(({ amount }) => amount > 5).length
      return { "shop/large": large, "shop/small": orders.length - large }
    }
  })

  const regions = Partitions.fixed(["eu", "us", "asia"])
  const days = Partitions.daily({ start: "2024-01-01", end: "2024-03-01" })
  const stock = Asset.make("stock/by_region", {
    codeVersion: "1",
    group: "stock",
    partitions: regions,
    schema: Schema.String,
    *compute(_, { partition }) {
      return Asset.output(`the stock of ${partition}`, { metadata: { pieces: partition.length } })
    }
  })
  const daily = Asset.make("stock/by_day", {
    codeVersion: "1",
    group: "stock",
    partitions: days,
    schema: Schema.Int,
    *compute(_, { partition }) {
      const day = Number(partition.key.slice(-2))
      return Asset.output(day, { metadata: { pieces: day } })
    }
  })
  const grid = Asset.make("stock/by_day_and_region", {
    codeVersion: "1",
    group: "stock",
    partitions: Partitions.product({ day: days, region: regions }),
    schema: Schema.String,
    *compute(_, { partition }) {
      return `${partition.day.key} in ${partition.region}`
    }
  })

  const checks = [
    Check.make("not empty", {
      asset: orders,
      description: "There is an order.",
      blocking: true,
      check: (rows) => Effect.succeed({ passed: rows.length > 0, metadata: { rows: rows.length } })
    }),
    Check.make("all have an amount", {
      asset: orders,
      severity: "warn",
      check: () => Effect.succeed({ passed: false, description: "One order has no amount." })
    }),
    Check.make("ids are unique", {
      asset: orders,
      check: () => Effect.succeed({ passed: false, description: "The id 2 is there twice." })
    })
  ]
  return {
    definitions: definitionsOf(
      Graph.fromAssets(
        [
          events,
          orders,
          customers,
          revenue,
          payments,
          ledger,
          balance,
          returns,
          refunds,
          slow,
          newsletter,
          ...Object.values(split.assets),
          stock,
          daily,
          grid
        ],
        { checks }
      )
    ),
    gates,
    is
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// hostile
// ---------------------------------------------------------------------------------------------------------------------

/** Would run, and tell it, wherever it got in as HTML. */
export const html = `<img src=x onerror="window.hacked=1"><script>window.hacked=2</script>`

/** Written from the right to the left, or invisible; the second one with what is no text at all, which a key cannot have. */
export const odd = "\u202egnp.exe\u202c \u200bzero"
export const control = `${odd} \u0007bell \u001b[31mred \u0000`

/** Keys, and all texts that come with assets, as somebody would make them who means harm. */
export const hostile = (): Definitions.Any => {
  const keys = {
    html,
    constructor: "constructor",
    odd,
    long: `${"very_long_segment_".repeat(8)}/${"of_a_key_".repeat(18)}`.slice(0, 300),
    url: "javascript:window.hacked=3",
    quotes: `a'b"c\`d%2F..%00?x=1&y=2#z`
  }
  const source = Asset.make(keys.html, {
    group: "constructor/valueOf",
    kinds: [html],
    tags: { [html.slice(0, 40)]: html },
    owners: [`team:${html}`],
    codeVersion: html,
    description:
      `${html} [link](javascript:window.hacked=4) [data](data:text/html,<script>window.hacked=5</script>) ![i](https://evil.example/i.png) <iframe src="https://evil.example/"></iframe> <a href="javascript:window.hacked=6">a</a>`,
    metadata: { [html]: html },
    *compute() {
      yield* Effect.logInfo(html)
      yield* Effect.logInfo(control)
      return Asset.output(html, {
        dataVersion: html,
        metadata: {
          [html]: html,
          __proto_: 1,
          bad_url: Metadata.url("javascript:window.hacked=7"),
          good_url: Metadata.url("https://example.com/good"),
          page: Metadata.markdown(
            `# ${html}\n[click](javascript:window.hacked=8) <script>window.hacked=9</script> ![pixel](https://evil.example/p.png)`
          ),
          rows: Metadata.table([{ [html.slice(0, 20)]: html, n: 1 }])
        }
      })
    }
  })
  const failing = Asset.make(keys.odd, {
    group: "__proto__",
    deps: [source],
    compute: () => Effect.fail(new Error(`${html} ${control}`))
  })
  const others = [keys.constructor, keys.long, keys.url, keys.quotes].map((key) =>
    Asset.make(key, { group: "constructor", deps: [source], compute: () => Effect.succeed(1) })
  )
  const bad = Check.make(html, {
    asset: source,
    description: html,
    check: () => Effect.succeed({ passed: false, description: html, metadata: { [html]: html } })
  })
  return definitionsOf(Graph.fromAssets([source, failing, ...others], { checks: [bad] }))
}

// ---------------------------------------------------------------------------------------------------------------------
// large
// ---------------------------------------------------------------------------------------------------------------------

/**
 * So many assets in groups of at most a hundred, which stand in six tiers. Each asset reads up to three of its own group, and
 * one in four reads one of a group in the tier before.
 */
export const large = (count: number): Definitions.Any => {
  const size = Math.min(100, Math.max(10, Math.ceil(count / 5)))
  const width = Math.ceil(size / 5)
  const tier = Math.max(1, Math.ceil(count / size / 6)) * size
  const assets: Array<Asset.Any> = []
  for (let at = 0; at < count; at++) {
    const group = `team_${Math.floor(at / size)}`
    const within = [0, 3, 7].slice(0, 1 + at % 3).map((by) => at - width - by).filter((from) => from >= at - at % size)
    // of one of two groups of that tier
    const across = at % 4 === 0 && at >= tier ? [at - tier + (at % 8 === 0 && at % tier + size < tier ? size : 0)] : []
    assets.push(
      Asset.make(`${group}/asset_${at}`, {
        deps: [...within, ...across].map((from) => assets[from]!),
        group,
        kinds: [at % 2 === 0 ? "sql" : "table"],
        codeVersion: "1",
        description: `Number ${at} of ${count}.`,
        compute: () => Effect.succeed(at)
      })
    )
  }
  return definitionsOf(Graph.fromAssets(assets))
}
