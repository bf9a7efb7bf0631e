/** Which column a table is sorted by. */
export interface Sort {
  readonly id: string
  readonly descending?: boolean
}

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
