export { BackfillsView as default } from "../automation/BackfillsView.tsx"
