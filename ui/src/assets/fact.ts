import type { ReactNode } from "react"

/** A line of `KeyValue`. */
export const fact = (label: string, value: ReactNode): readonly [label: string, value: ReactNode] => [label, value]
