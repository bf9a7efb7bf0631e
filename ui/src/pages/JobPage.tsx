export { JobView as default } from "../automation/JobView.tsx"
