/** Which column a table is sorted by. */
export interface Sort {
  readonly id: string
  readonly descending?: boolean
}

/** Reads a sort from an address: a column, with `-` before it for descending. */
export const parseSort = (text: string | undefined): Sort | undefined =>
  text === undefined || text === "" || text === "-"
    ? undefined
    : text.startsWith("-")
    ? { id: text.slice(1), descending: true }
    : { id: text }

/** Writes a sort for an address. */
export const formatSort = (sort: Sort | undefined): string | undefined =>
  sort === undefined ? undefined : `${sort.descending === true ? "-" : ""}${sort.id}`

/** Rows in the order of a column; those that are equal keep theirs. An unknown column changes nothing. */
export const sortRows = <Row>(
  rows: ReadonlyArray<Row>,
  columns: ReadonlyArray<{ readonly id: string; readonly compare?: (a: Row, b: Row) => number }>,
  sort: Sort | undefined
): ReadonlyArray<Row> => {
  const compare = columns.find(({ id }) => id === sort?.id)?.compare
  if (compare === undefined) return rows
  return rows.toSorted(sort?.descending === true ? (a, b) => compare(b, a) : compare)
}

const collator = new Intl.Collator("en", { numeric: true })

/** The order of texts for people: `day 2` comes before `day 10`. */
export const compareText = (a: string, b: string): number => collator.compare(a, b)

/** The order of numbers; what is missing comes last. */
export const compareNumber = (a: number | undefined, b: number | undefined): number =>
  a === b ? 0 : a === undefined ? 1 : b === undefined ? -1 : a - b
