export { AssetView as default } from "../assets/AssetView.tsx"
