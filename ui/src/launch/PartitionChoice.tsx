import { X } from "lucide-react"
import { useId, useState } from "react"
import { useAssetPartitionList, useAssetPartitions } from "../api/index.ts"
import { Bar, IconButton, SearchField, Skeleton, StatusDot, TextField, toneFill } from "../kit/index.ts"
import { type Choice, type PartitionMode, plural } from "./request.ts"

const Picker = ({ assetKey, newestFirst, picked, onChange }: {
  readonly assetKey: string
  readonly newestFirst: boolean
  readonly picked: ReadonlyArray<string>
  readonly onChange: (picked: ReadonlyArray<string>) => void
}) => {
  const [search, setSearch] = useState("")
  const { hasMore, items, loadMore } = useAssetPartitionList({
    key: assetKey,
    ...newestFirst ? { order: "descending" } : {},
    ...search === "" ? {} : { search }
  })
  return (
    <div className="flex flex-col gap-2">
      {picked.length === 0 ?
        null :
        (
          <ul className="flex max-h-24 flex-wrap gap-1 overflow-auto" aria-label="Picked partitions">
            {picked.map((key) => (
              <li
                key={key}
                className="inline-flex h-6 max-w-full items-center gap-1 rounded bg-accent-soft pl-2 text-xs text-accent-text"
              >
                <span className="truncate font-mono">{key}</span>
                <IconButton
                  icon={X}
                  size="sm"
                  label={`Remove ${key}`}
                  onClick={() => onChange(picked.filter((one) => one !== key))}
                />
              </li>
            ))}
          </ul>
        )}
      <SearchField label="Find partitions" placeholder="Find partitions…" value={search} onChange={setSearch} />
      <ul className="max-h-40 overflow-auto rounded-md border border-border" aria-label="Partitions">
        {items === undefined
          ? (
            <li className="p-2">
              <Skeleton className="h-4 w-40" />
            </li>
          )
          : null}
        {items?.map(({ key, state }) => {
          const on = picked.includes(key)
          return (
            <li key={key}>
              <button
                type="button"
                role="checkbox"
                aria-checked={on}
                onClick={() => onChange(on ? picked.filter((one) => one !== key) : [...picked, key])}
                className="flex min-h-7 w-full items-center gap-2 px-2 text-left font-mono text-xs -outline-offset-2 hover:bg-surface-2 aria-checked:bg-accent-soft"
              >
                <StatusDot status={state} size={12} />
                <span className="min-w-0 flex-1 truncate">{key}</span>
                <span aria-hidden className="w-3">{on ? "✓" : ""}</span>
              </button>
            </li>
          )
        })}
        {items?.length === 0
          ? <li className="p-2 text-xs text-text-3">No partition has “{search}” in its key.</li>
          : null}
        {hasMore
          ? (
            <li>
              <button
                type="button"
                onClick={loadMore}
                className="min-h-7 w-full px-2 text-left text-xs text-accent-text"
              >
                More…
              </button>
            </li>
          )
          : null}
      </ul>
    </div>
  )
}

/** Which partitions of an asset: those that are missing, all, a range, or some that are picked. */
export const PartitionChoice = ({ assetKey, others, choice, onChange, problem }: {
  readonly assetKey: string
  /** How many other assets that are planned have partitions. */
  readonly others: number
  readonly choice: Choice
  readonly onChange: (change: Partial<Choice>) => void
  readonly problem: string | undefined
}) => {
  const { data } = useAssetPartitions(assetKey)
  const name = useId()
  const listId = useId()
  const flat = data === undefined || data.dimensions.length === 1
  const dimension = flat ? data?.dimensions[0] : undefined
  const counts = data?.counts
  const { job } = choice
  const ofJob: ReadonlyArray<readonly [PartitionMode, string, string | undefined]> = job?.partitions === undefined
    ? []
    : [["missing", "As the job says", job.partitions]]
  const modes: ReadonlyArray<readonly [PartitionMode, string, string | undefined]> = [
    // of those that failed, some are there from before: the plan tells how many are missing
    ...job === undefined
      ? [
        [
          "missing",
          "Missing",
          counts === undefined || (counts.Failed ?? 0) > 0 ? undefined : plural(counts.Missing ?? 0, "partition")
        ] as const
      ]
      : ofJob,
    ["all", "All", data === undefined ? undefined : plural(data.total, "partition")],
    ...flat ? [["range", "A range", undefined] as const] : [],
    ["pick", "Some", choice.picked.length === 0 ? undefined : plural(choice.picked.length, "partition")]
  ]
  const parts = (["Fresh", "Stale", "Missing", "Failed", "Running"] as const)
    .map((state) => ({ state, value: counts?.[state] ?? 0, fill: toneFill[tones[state]] }))
  return (
    <div className="flex flex-col gap-2">
      {data === undefined ? <Skeleton className="h-1.5 w-full" /> : (
        <Bar
          parts={parts}
          total={data.total}
          label={parts.filter(({ value }) => value > 0).map(({ state, value }) => `${value} ${state.toLowerCase()}`)
            .join(", ")}
        />
      )}
      <p className="text-xs break-words text-text-3">
        Of <span className="font-mono">{assetKey}</span>
        {others === 0
          ? ""
          : `; what is downstream follows by its mappings (${plural(others, "more asset")} with partitions)`}
      </p>
      <div role="radiogroup" aria-label="Which partitions" className="flex flex-wrap gap-x-4 gap-y-1">
        {modes.map(([mode, label, count]) => (
          <label key={mode} className="flex min-h-6 items-center gap-1.5 text-sm">
            <input
              type="radio"
              name={name}
              checked={choice.mode === mode}
              onChange={() =>
                onChange({
                  mode,
                  ...mode === "range" && choice.from === "" && dimension !== undefined
                    ? { from: dimension.first ?? "", to: dimension.last ?? "" }
                    : {}
                })}
              className="accent-accent"
            />
            {label}
            {count === undefined ? null : <span className="text-xs text-text-3">{count}</span>}
          </label>
        ))}
      </div>
      {choice.mode !== "range" ? null : (
        <div className="flex gap-2">
          {([["from", "From"], ["to", "To"]] as const).map(([end, label]) => (
            <TextField
              key={end}
              label={label}
              mono
              list={listId}
              value={choice[end]}
              placeholder={(end === "from" ? dimension?.first : dimension?.last) ?? ""}
              onChange={(text) => onChange({ [end]: text })}
              className="flex-1"
            />
          ))}
          <datalist id={listId}>
            {dimension?.keys?.map((key) => <option key={key} value={key} />)}
          </datalist>
        </div>
      )}
      {choice.mode !== "pick" || data === undefined ?
        null :
        (
          <Picker
            assetKey={assetKey}
            newestFirst={data.dimensions[0]?.kind === "time"}
            picked={choice.picked}
            onChange={(picked) => onChange({ picked })}
          />
        )}
      {/* that nothing is picked yet is no mistake: what will run says what is to be done */}
      {problem === undefined || choice.mode === "pick"
        ? null
        : <p role="alert" className="text-xs text-failed-text">{problem}</p>}
      {job === undefined ? <PerRun choice={choice} onChange={onChange} /> : null}
    </div>
  )
}

const tones = { Fresh: "fresh", Stale: "stale", Missing: "missing", Failed: "failed", Running: "running" } as const

const PerRun = ({ choice, onChange }: {
  readonly choice: Choice
  readonly onChange: (change: Partial<Choice>) => void
}) => {
  const name = useId()
  const [count, setCount] = useState(choice.perRun === "all" ? 1 : choice.perRun)
  if (choice.mode === "pick" && choice.picked.length < 2) return null
  return (
    <div role="radiogroup" aria-label="How many runs" className="flex flex-wrap items-center gap-x-4 gap-y-1">
      <label className="flex min-h-6 items-center gap-1.5 text-sm">
        <input
          type="radio"
          name={name}
          checked={choice.perRun === "all"}
          onChange={() => onChange({ perRun: "all" })}
          className="accent-accent"
        />
        In one run
      </label>
      <label className="flex min-h-6 items-center gap-1.5 text-sm">
        <input
          type="radio"
          name={name}
          checked={choice.perRun !== "all"}
          onChange={() => onChange({ perRun: count })}
          className="accent-accent"
        />
        Backfill in runs of
      </label>
      <input
        type="number"
        min={1}
        aria-label="Partitions in one run"
        value={count}
        onChange={(event) => {
          const next = Math.max(1, Math.floor(Number(event.target.value)) || 1)
          setCount(next)
          onChange({ perRun: next })
        }}
        className="h-7 w-20 rounded-md border border-border-strong bg-surface px-2 text-sm"
      />
    </div>
  )
}
