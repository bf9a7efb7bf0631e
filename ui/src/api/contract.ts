/** The contract of the server: the one place where the user interface knows it. */
export * as Api from "../../../src/server/Api.ts"
