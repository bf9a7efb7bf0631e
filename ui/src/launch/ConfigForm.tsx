import { Plus, Trash2 } from "lucide-react"
import { type ReactNode, useId, useMemo, useState } from "react"
import { Button, Checkbox, IconButton, Select, TextField } from "../kit/index.ts"
import {
  accepts,
  byPath,
  type Field,
  type FieldProblem,
  isConstant,
  parseJson,
  readSchema,
  startOf,
  validate,
  type Value
} from "./configSchema.ts"

type Path = ReadonlyArray<string | number>

interface Place {
  readonly field: Field
  readonly value: Value
  readonly onChange: (value: Value) => void
  readonly name: string
  readonly required: boolean
  readonly path: Path
  readonly problems: ReadonlyMap<string, string>
}

const isRecord = (value: Value): value is { readonly [name: string]: Value } =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const shown = (value: Value): string => typeof value === "string" ? value : JSON.stringify(value) ?? ""

const placeholderOf = ({ fallback }: Field, required: boolean): string =>
  fallback !== undefined ? shown(fallback) === "" ? "empty" : shown(fallback) : required ? "" : "default"

const hintFor = (field: Field): ReactNode => {
  const parts = [
    field.description,
    field.hint,
    field.fallback === undefined ? "" : `default ${JSON.stringify(field.fallback)}`
  ]
    .filter((part) => part !== undefined && part !== "")
  return parts.length === 0 ? undefined : parts.join(" · ")
}

const labelFor = (name: string, field: Field, required: boolean, path: Path): ReactNode => (
  <>
    <span className="font-mono text-text">{name}</span>
    {field.title === undefined || field.title === name
      ? null
      : <span className="text-text-2">{` ${field.title}`}</span>}
    {required && field.fallback === undefined && typeof path.at(-1) === "string"
      ? (
        <span className="text-failed-text" title="required">
          {" *"}
          <span className="sr-only">required</span>
        </span>
      )
      : null}
  </>
)

const NullToggle = ({ field, value, onChange, name }: Pick<Place, "field" | "value" | "onChange" | "name">) =>
  !field.nullable ? null : (
    <Checkbox
      label={
        <span className="font-mono text-xs">
          <span className="sr-only">{name} is</span> null
        </span>
      }
      checked={value === null}
      onChange={(on) => onChange(on ? null : undefined)}
      className="shrink-0 self-start pt-5"
    />
  )

/** A number while it is typed: what is no number yet is kept as text, and told to be wrong. */
const NumberField = (
  { field, value, onChange, name, path, required, error }: Place & { readonly error: string | undefined }
) => {
  const [typed, setTyped] = useState<string>()
  const asText = value === undefined || value === null ? "" : String(value)
  const read = (text: string): Value =>
    text.trim() === "" ? undefined : Number.isNaN(Number(text)) ? text : Number(text)
  const text = typed !== undefined && Object.is(read(typed), value) ? typed : asText
  return (
    <TextField
      label={labelFor(name, field, required, path)}
      hint={hintFor(field)}
      error={error}
      value={text}
      disabled={value === null}
      inputMode={field.shape._tag === "Number" && field.shape.integer ? "numeric" : "decimal"}
      placeholder={placeholderOf(field, required)}
      onChange={(next) => {
        setTyped(next)
        onChange(read(next))
      }}
      className="flex-1"
    />
  )
}

const JsonText = ({ label, value, onChange, error, hint, rows }: {
  readonly label: ReactNode
  readonly value: Value
  readonly onChange: (value: Value) => void
  readonly error: string | undefined
  readonly hint: ReactNode
  readonly rows: number
}) => {
  const id = useId()
  const [typed, setTyped] = useState<string>()
  const parsed = typed === undefined ? undefined : parseJson(typed)
  const isOwn = parsed !== undefined
    && ("problem" in parsed || JSON.stringify(parsed.value) === JSON.stringify(value))
  const text = isOwn ? typed! : value === undefined ? "" : JSON.stringify(value, null, 2)
  const problem = isOwn && "problem" in parsed ? parsed.problem : error
  return (
    <div className="flex min-w-0 flex-1 flex-col gap-1">
      <label htmlFor={id} className="text-xs font-medium text-text-2">{label}</label>
      <textarea
        id={id}
        rows={rows}
        spellCheck={false}
        value={text}
        aria-invalid={problem !== undefined || undefined}
        aria-describedby={`${id}-hint`}
        onChange={(event) => {
          const next = event.target.value
          setTyped(next)
          const read = parseJson(next)
          // a text that is no JSON is given as it is, so that nothing is launched with the value from before
          onChange("value" in read ? read.value : notJson(next))
        }}
        className={`w-full rounded-md border bg-surface px-2.5 py-1.5 font-mono text-xs leading-5 shadow-card ${
          problem === undefined ? "border-border-strong" : "border-failed"
        }`}
      />
      <p
        id={`${id}-hint`}
        role={problem === undefined ? undefined : "alert"}
        className={`text-xs ${problem === undefined ? "text-text-3" : "text-failed-text"}`}
      >
        {problem ?? hint}
      </p>
    </div>
  )
}

/** A text that was typed as JSON and is none. */
class NotJson {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

const notJson = (text: string): NotJson => new NotJson(text)

/** `true` where a text that was typed as JSON is none. */
export const hasBadJson = (value: Value): boolean =>
  value instanceof NotJson
  || (Array.isArray(value) ? value.some(hasBadJson) : isRecord(value) && Object.values(value).some(hasBadJson))

const Problem = ({ text }: { readonly text: string | undefined }) =>
  text === undefined ? null : <p role="alert" className="text-xs text-failed-text">{text}</p>

const set = (value: Value, name: string, next: Value): Value => {
  const entries = Object.entries(isRecord(value) ? value : {}).filter(([key]) => key !== name)
  if (next !== undefined) entries.push([name, next])
  // from entries, so that no name is special
  return Object.fromEntries(entries)
}

const FieldView = (place: Place): ReactNode => {
  const { field, name, onChange, path, problems, required, value } = place
  const error = problems.get(JSON.stringify(path))
  const { shape } = field
  if (isConstant(field)) return null
  switch (shape._tag) {
    case "Text": {
      const long = shape.maxLength !== undefined && shape.maxLength > 300
      return (
        <div className="flex items-start gap-3">
          <TextField
            label={labelFor(name, field, required, path)}
            hint={hintFor(field)}
            error={error}
            value={typeof value === "string" ? value : ""}
            disabled={value === null}
            placeholder={placeholderOf(field, required)}
            // an empty text is a text where one has to be given, and nothing where not
            onChange={(text) => onChange(text === "" && (!required || (shape.minLength ?? 0) > 0) ? undefined : text)}
            className={long ? "w-full" : "flex-1"}
          />
          <NullToggle {...place} />
        </div>
      )
    }
    case "Number":
      return (
        <div className="flex items-start gap-3">
          <NumberField {...place} error={error} />
          <NullToggle {...place} />
        </div>
      )
    case "Boolean":
    case "Choice": {
      const values: ReadonlyArray<Value> = shape._tag === "Boolean" ? [true, false] : shape.values
      const all = field.nullable ? [...values, null] : values
      const chosen = value === undefined ? -1 : all.findIndex((one) => one === value)
      const none = field.fallback === undefined ? required ? "Choose…" : "default" : `default: ${shown(field.fallback)}`
      return (
        <Select
          label={labelFor(name, field, required, path)}
          hint={hintFor(field)}
          error={error}
          value={String(chosen)}
          options={[
            { value: "-1", label: none },
            ...all.map((one, index) => ({ value: String(index), label: shown(one) }))
          ]}
          onChange={(next) => onChange(next === "-1" ? undefined : all[Number(next)])}
        />
      )
    }
    case "Union": {
      const active = shape.options.findIndex(({ field }) => value !== undefined && accepts(field, value))
      const option = shape.options[active]
      return (
        <fieldset className="flex flex-col gap-2 rounded-md border border-border p-3">
          <legend className="px-1 text-xs font-medium">{labelFor(name, field, required, path)}</legend>
          <Select
            label={`Kind of ${name}`}
            hideLabel
            value={value === null ? "null" : String(active)}
            hint={hintFor(field)}
            error={option === undefined ? error : undefined}
            options={[
              { value: "-1", label: required ? "Choose…" : "default" },
              ...shape.options.map(({ label }, index) => ({ value: String(index), label })),
              ...field.nullable ? [{ value: "null", label: "null" }] : []
            ]}
            onChange={(next) =>
              onChange(
                next === "null" ? null : next === "-1" ? undefined : firstOf(shape.options[Number(next)]!.field)
              )}
          />
          {option === undefined || value === null
            ? null
            : <FieldView {...place} field={{ ...option.field, description: undefined }} name={option.label} required />}
        </fieldset>
      )
    }
    case "List": {
      const items: ReadonlyArray<Value> = Array.isArray(value) ? value : []
      return (
        <fieldset className="flex flex-col gap-2 rounded-md border border-border p-3">
          <legend className="px-1 text-xs font-medium">{labelFor(name, field, required, path)}</legend>
          {hintFor(field) === undefined ? null : <p className="text-xs text-text-3">{hintFor(field)}</p>}
          <Problem text={error} />
          {items.map((item, index) => {
            const of = shape.first[index] ?? shape.item
            return of === undefined ? null : (
              <div key={index} className="flex items-start gap-2">
                <div className="min-w-0 flex-1">
                  <FieldView
                    field={of}
                    name={String(index + 1)}
                    value={item === null && !of.nullable ? undefined : item}
                    required
                    path={[...path, index]}
                    problems={problems}
                    // JSON has no holes
                    onChange={(next) => onChange(items.map((one, at) => at === index ? next ?? null : one))}
                  />
                </div>
                {index < shape.first.length ? null : (
                  <IconButton
                    icon={Trash2}
                    label={`Remove entry ${index + 1} of ${name}`}
                    className="mt-5"
                    onClick={() => onChange(items.filter((_, at) => at !== index))}
                  />
                )}
              </div>
            )
          })}
          <div className="flex gap-2">
            {shape.item === undefined && items.length >= shape.first.length ? null : (
              <Button
                size="sm"
                icon={Plus}
                disabled={shape.most !== undefined && items.length >= shape.most}
                onClick={() =>
                  onChange(
                    items.length < shape.first.length
                      ? shape.first.map((of, index) => items[index] ?? firstOf(of) ?? null)
                      : [...items, firstOf(shape.item!) ?? null]
                  )}
              >
                Add entry
              </Button>
            )}
            {value === undefined || required ?
              null :
              <Button size="sm" kind="ghost" onClick={() => onChange(undefined)}>Use the default</Button>}
          </div>
        </fieldset>
      )
    }
    case "Object": {
      const content = <ObjectFields {...place} />
      if (path.length === 0) return content
      return (
        <fieldset className="flex flex-col gap-3 rounded-md border border-border p-3">
          <legend className="px-1 text-xs font-medium">{labelFor(name, field, required, path)}</legend>
          {hintFor(field) === undefined ? null : <p className="text-xs text-text-3">{hintFor(field)}</p>}
          <Problem text={error} />
          {value === undefined && !required
            ? (
              <div>
                <Button size="sm" icon={Plus} onClick={() => onChange(startOf(field) ?? {})}>Set {name}</Button>
              </div>
            )
            : content}
          {value === undefined || required ? null : (
            <div>
              <Button size="sm" kind="ghost" onClick={() => onChange(undefined)}>Use the default</Button>
            </div>
          )}
        </fieldset>
      )
    }
    case "Json":
      return (
        <JsonText
          label={labelFor(name, field, required, path)}
          value={value}
          onChange={onChange}
          error={error}
          hint={hintFor(field)}
          rows={4}
        />
      )
  }
}

/** What a place begins with when it is added: of texts and numbers nothing yet. */
const firstOf = (field: Field): Value => {
  const start = startOf(field)
  if (start !== undefined) return start
  switch (field.shape._tag) {
    case "Text":
      return ""
    case "Boolean":
      return false
    case "Choice":
      return field.shape.values[0]
    case "Number":
      return field.shape.minimum ?? 0
    default:
      return undefined
  }
}

const ObjectFields = ({ field, onChange, path, problems, value }: Place) => {
  const [added, setAdded] = useState("")
  if (field.shape._tag !== "Object") return null
  const { fields, rest } = field.shape
  const known = new Set(fields.map(({ name }) => name))
  const others = isRecord(value) ? Object.keys(value).filter((name) => !known.has(name)) : []
  const at = (name: string): Value => isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined
  return (
    <div className="flex flex-col gap-3">
      {path.length > 0 ? null : <Problem text={problems.get("[]")} />}
      {fields.map(({ field, name, required }) => (
        <FieldView
          key={name}
          field={field}
          name={name}
          required={required}
          value={at(name)}
          path={[...path, name]}
          problems={problems}
          onChange={(next) => onChange(set(value, name, next))}
        />
      ))}
      {others.map((name) => (
        <div key={name} className="flex items-start gap-2">
          <div className="min-w-0 flex-1">
            {rest === undefined
              ? (
                <TextField
                  label={<span className="font-mono text-text">{name}</span>}
                  value={shown(at(name))}
                  readOnly
                  error={problems.get(JSON.stringify([...path, name]))}
                  onChange={() => undefined}
                />
              )
              : (
                <FieldView
                  field={rest}
                  name={name}
                  required
                  value={at(name)}
                  path={[...path, name]}
                  problems={problems}
                  onChange={(next) => onChange(set(value, name, next ?? null))}
                />
              )}
          </div>
          <IconButton
            icon={Trash2}
            label={`Remove ${name}`}
            className="mt-5"
            onClick={() => onChange(set(value, name, undefined))}
          />
        </div>
      ))}
      {rest === undefined ? null : (
        <div className="flex items-end gap-2">
          <TextField label="Name of a new entry" value={added} onChange={setAdded} className="max-w-56" />
          <Button
            icon={Plus}
            disabled={added === "" || known.has(added) || others.includes(added)}
            onClick={() => {
              onChange(set(value, added, firstOf(rest) ?? null))
              setAdded("")
            }}
          >
            Add
          </Button>
        </div>
      )}
    </div>
  )
}

const none: ReadonlyArray<FieldProblem> = []

/**
 * A form for a value of a JSON Schema, with the value as JSON in a second view. `value` is `undefined` while nothing is given.
 * Problems that the form finds itself show beside their fields; `problems` are those of a server.
 */
export const ConfigForm = ({ schema, value, onChange, problems = none, label = "Configuration" }: {
  readonly schema: unknown
  readonly value: Value
  readonly onChange: (value: Value) => void
  readonly problems?: ReadonlyArray<FieldProblem>
  readonly label?: string
}) => {
  const [raw, setRaw] = useState(false)
  const field = useMemo(() => readSchema(schema), [schema])
  const found = useMemo(
    () => byPath([...value === undefined || hasBadJson(value) ? [] : validate(field, value, true), ...problems]),
    [field, value, problems]
  )
  const asObject = field.shape._tag === "Object"
  return (
    <div className="flex flex-col gap-3" role="group" aria-label={label}>
      {field.shape._tag === "Json" ? null : (
        <div className="flex gap-1" role="radiogroup" aria-label="How to write it">
          {[false, true].map((json) => (
            <button
              key={String(json)}
              type="button"
              role="radio"
              aria-checked={raw === json}
              onClick={() => setRaw(json)}
              className="h-6 rounded px-2 text-xs font-medium text-text-2 hover:bg-surface-2 aria-checked:bg-surface-3 aria-checked:text-text"
            >
              {json ? "JSON" : "Form"}
            </button>
          ))}
        </div>
      )}
      {raw || field.shape._tag === "Json"
        ? (
          <>
            <JsonText
              label="JSON"
              value={value instanceof NotJson ? undefined : value}
              onChange={onChange}
              error={found.get("[]")}
              hint={hintFor(field) ?? "Left empty, the defaults are used."}
              rows={8}
            />
            <ul className="list-disc pl-4 text-xs text-failed-text">
              {[...found].filter(([path]) => path !== "[]").map(([path, problem]) => (
                <li key={path}>
                  <span className="font-mono">{(JSON.parse(path) as Path).join(".")}</span> {problem}
                </li>
              ))}
            </ul>
          </>
        )
        : (
          <>
            {field.description === undefined ? null : <p className="text-xs text-text-2">{field.description}</p>}
            <FieldView
              field={field}
              name={asObject ? "configuration" : "value"}
              value={value instanceof NotJson ? undefined : value}
              required
              path={[]}
              problems={found}
              onChange={(next) =>
                // an object of which nothing is left is not given
                onChange(isRecord(next) && Object.keys(next).length === 0 ? undefined : next)}
            />
          </>
        )}
    </div>
  )
}
