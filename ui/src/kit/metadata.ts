import type { Api } from "../api/contract.ts"

/** Metadata as the API tells it. */
export type Metadata = Api.Model.AssetDetail["metadata"]

/** A value of metadata. */
export type MetadataValue = Metadata[string]

/** Columns of a table in metadata. */
export type MetadataColumn = Extract<MetadataValue, { readonly _tag: "Table" }>["columns"][number]

/** An address that may be a link: only of the web. */
export const safeHref = (text: string): string | undefined => {
  const url = URL.parse(text)
  return url !== null && (url.protocol === "https:" || url.protocol === "http:") ? url.href : undefined
}

/** A value of a table's cell as text. */
export const cellText = (value: unknown): string =>
  value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value) ?? ""

/** A number for people: with separators, and no more digits than are there. */
export const formatNumber = (value: number): string =>
  Number.isInteger(value)
    ? Math.abs(value) < 1e15 ? value.toLocaleString("en") : String(value)
    : Math.abs(value) >= 1e-4 && Math.abs(value) < 1e15
    ? value.toLocaleString("en", { maximumSignificantDigits: 9 })
    : String(value)
