export { LineageView as default } from "../lineage/LineageView.tsx"
