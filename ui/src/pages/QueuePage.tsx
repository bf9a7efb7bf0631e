export { QueueView as default } from "../automation/QueueView.tsx"
