export * from "./checks.ts"
export * from "./report.ts"
export * from "./travel.ts"
export * from "./weather.ts"
