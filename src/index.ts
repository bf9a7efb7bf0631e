export * as Asset from "./Asset.ts"
export * as AssetKey from "./AssetKey.ts"
export * as IOManager from "./IOManager.ts"
export * as Metadata from "./Metadata.ts"
