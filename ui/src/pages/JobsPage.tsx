export { JobsView as default } from "../automation/JobsView.tsx"
