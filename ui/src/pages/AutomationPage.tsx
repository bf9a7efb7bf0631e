export { AutomationView as default } from "../automation/AutomationView.tsx"
