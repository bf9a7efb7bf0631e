export { BackfillView as default } from "../automation/BackfillView.tsx"
